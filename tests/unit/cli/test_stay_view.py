"""What stays is told as its keeper knows it, which alone knows until when."""

from pathlib import Path

import pytest

from harness.cli import stay_view
from harness.cli.environments import Life
from harness.core.errors import EnvironmentFailedError
from harness.keeper.description import EnvironmentDescription

SHOP = EnvironmentDescription("e1", "shop", "process", 1, {}, {}, "/results/r1")


@pytest.mark.parametrize(
    ("life", "told"),
    [
        (Life("ready", True, {}, SHOP, 41.2), "(41 s)"),
        (Life("ready", True, {}, SHOP, 1799.2), "(30 min)"),
        (Life("ready", True, {}, SHOP, None), "until harness down"),
        (None, "has ended by now"),
        (EnvironmentFailedError("its keeper does not answer"), "does not answer"),
    ],
)
def test_the_keeper_says_until_when(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    life: Life | EnvironmentFailedError | None,
    told: str,
) -> None:
    """Its time has run since the tests let go, and reports take some of it."""

    def look(folder: Path) -> Life | None:
        assert folder == Path("/run/e1")
        if isinstance(life, EnvironmentFailedError):
            raise life
        return life

    monkeypatch.setattr(stay_view, "look", look)
    stay_view.say_kept(SHOP, Path("/run/e1"))
    assert told in capsys.readouterr().err
