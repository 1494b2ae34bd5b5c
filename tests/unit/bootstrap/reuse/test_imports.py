"""Which files a module is made of, without running any."""

import textwrap
from pathlib import Path

import pytest

from harness.bootstrap.reuse.imports import Closure, Sources


def put(root: Path, path: str, text: str) -> None:
    """One file, and the folders that it needs."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(textwrap.dedent(text))


def names(root: Path, module: str, *, words: bool = False) -> set[str]:
    """The closure of a module, as paths below the root."""
    found = Closure([root], Sources()).of([module], words=words)
    return {str(path.relative_to(root)) for path in found}


def test_imports_are_followed_wherever_they_stand(tmp_path: Path) -> None:
    """At the top, in a function, of a name in a module, relative, of all names; but not what nobody imports."""
    put(tmp_path, "shop/__init__.py", "")
    put(
        tmp_path,
        "shop/app.py",
        "from . import money\nfrom .store import *\ndef late():\n  import shop.late\n",
    )
    put(tmp_path, "shop/money.py", "from tools.round import to_cents")
    put(tmp_path, "shop/store.py", "import json, asyncpg")
    put(tmp_path, "shop/late.py", "")
    put(tmp_path, "shop/other.py", "")
    put(tmp_path, "tools/round.py", "")
    assert names(tmp_path, "shop.app") == {
        "shop/__init__.py",
        "shop/app.py",
        "shop/money.py",
        "shop/store.py",
        "shop/late.py",
        "tools/round.py",
    }


def test_names_of_modules_in_strings_count(tmp_path: Path) -> None:
    """With a dot in them; a mere word only where that is asked for, as it is likely to be one."""
    put(tmp_path, "app.py", """load("shop.plugins"); run("shop.jobs:main"); SERVICES = ("bank",)""")
    put(tmp_path, "shop/plugins.py", "")
    put(tmp_path, "shop/jobs.py", "")
    put(tmp_path, "bank/__init__.py", "")
    put(tmp_path, "bank/migrations/001.sql", "")
    assert names(tmp_path, "app") == {"app.py", "shop/plugins.py", "shop/jobs.py"}
    assert names(tmp_path, "app", words=True) >= {"bank/__init__.py", "bank/migrations/001.sql"}


def test_what_lies_beside_code_counts(tmp_path: Path) -> None:
    """In the packages of a closure, and in their folders without Python; but not what programs leave behind."""
    put(tmp_path, "shop/app.py", "")
    put(tmp_path, "shop/prices.csv", "")
    put(tmp_path, "shop/pages/all/index.html", "")
    put(tmp_path, "shop/admin/tool.py", "")
    put(tmp_path, "shop/admin/tool.txt", "")
    put(tmp_path, "shop/__pycache__/app.cpython-311.pyc", "")
    put(tmp_path, "shop/.app.py.swp", "")
    put(tmp_path, "results.json", "")
    assert names(tmp_path, "shop.app") == {"shop/app.py", "shop/prices.csv", "shop/pages/all/index.html"}


def test_modules_are_found_as_python_finds_them(tmp_path: Path) -> None:
    """The first folder that has one; a package before a module before a folder without `__init__.py`."""
    put(tmp_path, "one/shop.py", "")
    put(tmp_path, "two/shop/__init__.py", "")
    put(tmp_path, "two/bank/__init__.py", "")
    put(tmp_path, "one/bank/only_a_folder.txt", "")
    closure = Closure([tmp_path / "one", tmp_path / "two"], Sources())
    assert closure.of(["shop", "bank", "nowhere"]) == {
        tmp_path / "one/shop.py",
        tmp_path / "two/bank/__init__.py",
    }


def test_scripts_bring_what_they_import(tmp_path: Path) -> None:
    """A file that is no module of a package."""
    put(tmp_path, "server.py", "import store")
    put(tmp_path, "store.py", "")
    found = Closure([tmp_path], Sources()).of([], [tmp_path / "server.py"])
    assert found == {tmp_path / "server.py", tmp_path / "store.py"}


@pytest.mark.parametrize("broken", ["def f(:", "\0", "import "])
def test_what_is_no_python_is_followed_no_further(tmp_path: Path, broken: str) -> None:
    """It is one of the files all the same: who runs it is told."""
    put(tmp_path, "app.py", broken)
    assert names(tmp_path, "app") == {"app.py"}


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    """And only then."""
    put(tmp_path, "app.py", "import one")
    put(tmp_path, "one.py", "")
    put(tmp_path, "two.py", "")
    sources = Sources()
    assert tmp_path / "one.py" in Closure([tmp_path], sources).of(["app"])
    put(tmp_path, "app.py", "import two, sys")
    assert Closure([tmp_path], sources).of(["app"]) == {tmp_path / "app.py", tmp_path / "two.py"}
