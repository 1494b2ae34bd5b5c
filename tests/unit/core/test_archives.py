"""What travels in archives arrives where it was meant to, and nowhere else."""

import io
import tarfile
from pathlib import Path

import pytest

from harness.core.archives import pack, unpack
from harness.core.errors import EnvironmentFailedError


def archive_of(*entries: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    """As anybody may write one."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for entry, content in entries:
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    archive.seek(0)
    return archive


def link(name: str, target: str) -> tarfile.TarInfo:
    """An entry that leads elsewhere."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry


def test_nobody_owns_it(tmp_path: Path) -> None:
    """So that it is whose unpacks it."""
    (tmp_path / "file").write_text("content")
    archive = io.BytesIO()
    pack(tmp_path, "folder", archive)
    archive.seek(0)
    with tarfile.open(fileobj=archive) as packed:
        assert {(e.name, e.uid, e.gid, e.uname, e.gname) for e in packed} == {
            ("folder", 0, 0, "", ""),
            ("folder/file", 0, 0, "", ""),
        }


def test_into_a_folder_or_by_another_name(tmp_path: Path) -> None:
    """Whichever is there."""
    for target in (tmp_path, tmp_path / "other"):
        unpack(archive_of((tarfile.TarInfo("name"), b"content")), "name", target)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {
        "name": b"content",
        "other": b"content",
    }


def test_a_folder_is_laid_over_one_that_is_there(tmp_path: Path) -> None:
    """What it does not hold stays."""
    (tmp_path / "name").mkdir()
    (tmp_path / "name" / "mine").write_text("mine")
    unpack(archive_of((tarfile.TarInfo("name/theirs"), b"theirs")), "name", tmp_path)
    assert sorted(each.name for each in (tmp_path / "name").iterdir()) == ["mine", "theirs"]


@pytest.mark.parametrize(
    "entry",
    [tarfile.TarInfo("../outside"), tarfile.TarInfo("name/../../outside"), link("name", "../../../outside")],
)
def test_nothing_is_written_elsewhere(entry: tarfile.TarInfo, tmp_path: Path) -> None:
    """Whatever a component has packed."""
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(EnvironmentFailedError, match="name is not copied"):
        unpack(archive_of((entry, b"")), "name", inner)
    assert [each.name for each in tmp_path.iterdir()] == ["inner"]
    assert not list(inner.iterdir())


def test_what_is_no_archive(tmp_path: Path) -> None:
    """Is told as that."""
    with pytest.raises(EnvironmentFailedError, match="name is not copied"):
        unpack(io.BytesIO(b"tar: no such file"), "name", tmp_path)
