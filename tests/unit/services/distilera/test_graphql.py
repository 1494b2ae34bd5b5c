"""The schema is imported with the first question, once, and whole for everybody."""

import asyncio
import sys
from pathlib import Path

import pytest

from distilera.graphql import LateModule


async def test_who_comes_while_it_is_imported_waits_for_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once get the same module, with its last line done."""
    (tmp_path / "imported_late.py").write_text(
        "times = globals().get('times', 0) + 1\nimport this_is_no_module\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    late = LateModule("imported_late")
    with pytest.raises(ModuleNotFoundError, match="this_is_no_module"):
        await late.imported()
    (tmp_path / "this_is_no_module.py").write_text("")
    sys.path_importer_cache.clear()
    first, second = await asyncio.gather(late.imported(), late.imported())
    assert first is second is await late.imported()
    assert first.times == 1
