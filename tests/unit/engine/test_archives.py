"""What travels in archives arrives where it was meant to, and nowhere else."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from harness.core.errors import EnvironmentFailedError, UsageError
from harness.engine.archives import pack, place_for, unpack


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


def test_what_is_there_is_replaced(tmp_path: Path) -> None:
    """A file by a file."""
    for content in (b"first", b"second"):
        unpack(archive_of((tarfile.TarInfo("./name"), content)), "name", tmp_path / "place")
        assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"place": content}


def test_a_folder_is_laid_over_one_that_is_there(tmp_path: Path) -> None:
    """What it does not hold stays."""
    (tmp_path / "name").mkdir()
    (tmp_path / "name" / "mine").write_text("mine")
    unpack(archive_of((tarfile.TarInfo("name/theirs"), b"theirs")), "name", tmp_path / "name")
    assert sorted(each.name for each in (tmp_path / "name").iterdir()) == ["mine", "theirs"]


def test_a_file_is_not_put_into_a_folder_of_its_name(tmp_path: Path) -> None:
    """Nor does it take its place."""
    (tmp_path / "name").mkdir()
    with pytest.raises(IsADirectoryError):
        unpack(archive_of((tarfile.TarInfo("name"), b"content")), "name", tmp_path / "name")
    assert not list((tmp_path / "name").iterdir())


def test_where_it_is_put(tmp_path: Path) -> None:
    """Into a folder that is there, or by another name."""
    assert place_for("name", tmp_path / "name") == tmp_path / "name"
    assert place_for("name", tmp_path / "other") == tmp_path / "other"
    with pytest.raises(UsageError, match="there is no folder"):
        place_for("name", tmp_path / "no" / "folder")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        place_for("name", Path("/dev/null"))
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / "name")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        place_for("name", tmp_path / "pipes")


@pytest.mark.parametrize(
    "entry",
    [
        tarfile.TarInfo("../outside"),
        tarfile.TarInfo("name/../../outside"),
        link("name/link", "../../../outside"),
        link("name/link", "../neighbour"),
        link("name/link", "/etc"),
        link("name", "neighbour"),
    ],
)
def test_nothing_is_written_elsewhere(entry: tarfile.TarInfo, tmp_path: Path) -> None:
    """Whatever a component has packed; not even a way to a neighbour of the copy, for a second one to take."""
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(EnvironmentFailedError, match="name is not copied"):
        unpack(archive_of((entry, b"")), "name", inner / "name")
    assert [each.name for each in tmp_path.iterdir()] == ["inner"]
    assert not list(inner.iterdir())


def test_links_within_stay(tmp_path: Path) -> None:
    """They lead where they did."""
    unpack(
        archive_of((tarfile.TarInfo("name/deep/file"), b"content"), (link("name/link", "deep/file"), b"")),
        "name",
        tmp_path / "other",
    )
    assert (tmp_path / "other" / "link").read_bytes() == b"content"


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    """Is told as that."""
    with pytest.raises(EnvironmentFailedError, match="it is no file and no folder there"):
        unpack(archive_of((tarfile.TarInfo("another"), b"")), "name", tmp_path / "name")
    assert not list(tmp_path.iterdir())


def test_what_is_no_archive(tmp_path: Path) -> None:
    """Is told as that."""
    with pytest.raises(EnvironmentFailedError, match="name is not copied"):
        unpack(io.BytesIO(b"tar: no such file"), "name", tmp_path / "name")
