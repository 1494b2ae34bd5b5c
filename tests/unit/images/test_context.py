"""The same content makes the same bytes."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError
from harness.images.context import Context, Contexts, from_folder


def filled(folder: Path) -> Path:
    """A context with a program in it."""
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "main.py").write_text("print()")
    (folder / "app" / "run").write_text("#!/bin/sh")
    (folder / "app" / "run").chmod(0o755)
    (folder / "link").symlink_to("app")
    return folder


def names(context: Context) -> dict[str, tarfile.TarInfo]:
    """What is sent."""
    with tarfile.open(fileobj=io.BytesIO(context.archive)) as archive:
        return {entry.name: entry for entry in archive.getmembers()}


def test_times_and_modes_of_a_checkout_do_not_matter(tmp_path: Path) -> None:
    """Another clone, made later under another umask, builds the same image."""
    first = from_folder(filled(tmp_path / "one"), "Dockerfile", "FROM a")
    other = filled(tmp_path / "two")
    os.utime(other / "app" / "main.py", (1, 1))
    (other / "app" / "main.py").chmod(0o600)
    second = from_folder(other, "Dockerfile", "FROM a")
    assert (first.digest, first.archive) == (second.digest, second.archive)


def test_what_runs_still_runs(tmp_path: Path) -> None:
    """Of the mode, this is what matters; links stay links."""
    sent = names(from_folder(filled(tmp_path / "one"), "Dockerfile", "FROM a"))
    assert (sent["app/run"].mode, sent["app/main.py"].mode) == (0o755, 0o644)
    assert sent["link"].issym()


def test_content_matters(tmp_path: Path) -> None:
    """A changed file, and a changed Dockerfile, are another context."""
    folder = filled(tmp_path / "one")
    digests = {from_folder(folder, "Dockerfile", text).digest for text in ("FROM a", "FROM b")}
    (folder / "app" / "main.py").write_text("print(1)")
    digests.add(from_folder(folder, "Dockerfile", "FROM a").digest)
    assert len(digests) == 3


def test_what_is_ignored_does_not_matter(tmp_path: Path) -> None:
    """As .dockerignore says, exceptions included."""
    folder = filled(tmp_path / "one")
    (folder / ".dockerignore").write_text("# notes\n*.md\n!KEEP.md\n**/__pycache__\n.dockerignore\n")
    before = from_folder(folder, "Dockerfile", "FROM a")
    (folder / "NOTES.md").write_text("x")
    (folder / "app" / "__pycache__").mkdir()
    (folder / "app" / "__pycache__" / "main.pyc").write_text("x")
    assert from_folder(folder, "Dockerfile", "FROM a").digest == before.digest
    (folder / "KEEP.md").write_text("x")
    assert "KEEP.md" in names(from_folder(folder, "Dockerfile", "FROM a"))


def test_the_dockerfile_is_what_was_given(tmp_path: Path) -> None:
    """Also when the folder has another one, and when .dockerignore names it."""
    folder = filled(tmp_path / "one")
    (folder / "Dockerfile").write_text("FROM other")
    (folder / ".dockerignore").write_text("Dockerfile")
    context = from_folder(folder, "Dockerfile", "FROM a")
    with tarfile.open(fileobj=io.BytesIO(context.archive)) as archive:
        assert archive.getnames().count("Dockerfile") == 1
        content = archive.extractfile("Dockerfile")
        assert content is not None
        assert content.read() == b"FROM a"


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(EnvironmentFailedError, match="absent"):
        from_folder(tmp_path / "absent", "Dockerfile", "FROM a")


def test_a_context_is_packed_once_for_all_that_share_it(tmp_path: Path) -> None:
    """Not again for each component that is built from it; another Dockerfile makes another one."""
    contexts, folder = Contexts(), filled(tmp_path / "one")
    first = contexts.of(folder, "Dockerfile", "FROM a")
    assert contexts.of(folder, "Dockerfile", "FROM a") is first
    assert contexts.of(folder, "Dockerfile", "FROM b").digest != first.digest
