"""The page is one file, safe to open, and shows what failed first."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from harness.events.facts import (
    CaseFinished,
    ComponentChanged,
    CoverageMeasured,
    EnvironmentFailed,
    Event,
    FaultHealed,
    FaultInjected,
    FigureMeasured,
    Outcome,
    RunStarted,
    State,
    SuitesCollected,
)
from harness.reports import failures, html
from harness.results import RunResult, excerpts, fold
from tests.unit.reports import sample_runs

EVIL = "</script></pre><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' {{ 7*7 }}"


class _Outline(HTMLParser):
    """The elements of a page with their attributes, and the text outside of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self._inside not in ("style", "script"):
            self.text += f" {data}"


def evil_run() -> list[Event]:
    """A run in which every text is an attack."""
    return [
        RunStarted(at=1.0, run_id=EVIL, ecosystem=EVIL, provider=EVIL, command=EVIL, seed=1),
        ComponentChanged(at=1.0, component="db", old=State.PLANNED, new=State.STARTING, detail=EVIL),
        SuitesCollected(at=1.0, by_suite={EVIL: 3}, by_layer={EVIL: 3}),
        CaseFinished(
            at=2.0,
            case=f"{EVIL}::{EVIL}",
            suite=EVIL,
            outcome=Outcome.FAILED,
            duration=0.5,
            phases={EVIL: 0.1},
            message=EVIL,
            details=EVIL,
            output={EVIL: EVIL},
            worker=EVIL,
        ),
        CaseFinished(
            at=2.0, case=f"b{EVIL}", suite=EVIL, outcome=Outcome.SKIPPED, duration=0.5, message=EVIL
        ),
        FaultInjected(at=1.6, number=1, fault=EVIL, components=(EVIL,), detail=EVIL),
        FaultHealed(at=1.8, number=1, fault=EVIL, components=(EVIL,), duration=0.2, reason=EVIL),
        FigureMeasured(at=2.0, case=EVIL, figure=EVIL, value=1.0, unit=EVIL, limit=EVIL),
        CoverageMeasured(at=2.0, files={EVIL: (1, 2)}),
        EnvironmentFailed(at=3.0, message=EVIL, hint=EVIL, evidence=(EVIL,)),
    ]


def test_nothing_captured_can_become_markup(tmp_path: Path) -> None:
    """Test ids, messages and log lines with HTML in them are shown as they are."""
    (tmp_path / "db.log").write_text(f"1000000001.900 {EVIL}\n")
    shift = 1_000_000_000.0
    run = [
        type(e)(**{f: getattr(e, f) for f in e.__dataclass_fields__} | {"at": e.at + shift})
        for e in evil_run()
    ]
    result = excerpts(tmp_path, fold(run))
    assert result.bad[0].excerpts
    outline = _Outline(html.render(result))
    tags = [tag for tag, _ in outline.elements]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert not [name for _, attrs in outline.elements for name in attrs if name.startswith("on")]
    assert outline.text.count("{{ 7*7 }}") > 15


def test_only_our_script_may_run(failing: RunResult) -> None:
    """The content security policy allows the script by its hash and forbids fetching anything."""
    page = html.render(failing)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policy = next(a["content"] for t, a in _Outline(page).elements if a.get("http-equiv"))
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_the_page_is_one_file(failing: RunResult) -> None:
    """Nothing is fetched from anywhere; links lead to places within that exist."""
    outline = _Outline(html.render(failing))
    ids = {attrs["id"] for _, attrs in outline.elements if "id" in attrs}
    for tag, attrs in outline.elements:
        assert tag not in ("link", "img", "iframe", "object", "base")
        assert "src" not in attrs
        if "href" in attrs:
            assert str(attrs["href"]).removeprefix("#") in ids
    assert "url(" not in html.render(failing)
    assert "@import" not in html.render(failing)


def test_it_opens_on_the_failures(failing: RunResult) -> None:
    """The verdict, then each failing case with message, traceback, logs and output; all without JavaScript."""
    text = _Outline(html.render(failing)).text
    places = [
        text.index(what)
        for what in (
            "3 of 71 cases failed",
            "TestMercatrix::test_balance_after_payment",
            "AssertionError: assert Decimal('500.00') == Decimal('400.00')",
            "payment = await mercatrix.process_transaction(PAYMENT)",
            "outbox relay is 1 entry behind",
            "payment tx_8842 accepted",
            "Passed only at a later attempt",
            "Critical path",
        )
    ]
    assert places == sorted(places)


def test_a_failing_case_shows_the_faults_that_were_on(failing: RunResult) -> None:
    """Beside its message, among what was logged, and in a picture of all of them that leads back to it."""
    text = " ".join(_Outline(html.render(failing)).text.split())
    said = "Latency of test-hoardwell +0.200 to +1.900, healed: its owner asked delay=0.5, jitter=0.1, seed=0"
    assert text.count(said) == 1
    assert text.count("Faults that were on") == 1
    _, picture = text.split("what was made to go wrong, and when")
    assert "Latency of test-hoardwell delay=0.5, jitter=0.1, seed=0 1.70 s" in picture
    assert "healed: its owner asked test_marketplace" in picture


def test_faults_stand_among_the_log_lines(tmp_path: Path) -> None:
    """In the order of time, so that the effect is seen after its cause."""
    began = 1_000_000_000.0
    fault: dict[str, Any] = {"number": 1, "fault": "Kill", "components": ("db",)}
    (tmp_path / "api.log").write_text(f"{began + 0.3:.3f} ERROR no database\n")
    ended: dict[str, Any] = {"outcome": Outcome.FAILED, "duration": 1.0, "suite": "s"}
    result = fold(
        [
            FaultInjected(at=began + 0.2, **fault),
            FaultHealed(at=began + 0.8, duration=0.6, reason="its owner asked", **fault),
            CaseFinished(at=began + 1.0, case="t", **ended),
        ]
    )
    (view,) = failures.views(excerpts(tmp_path, result))
    assert [(line.component, line.text, line.is_fault) for line in view.logged] == [
        ("fault", "Kill of db begins", True),
        ("api", "ERROR no database", False),
        ("fault", "Kill of db is over, healed: its owner asked", True),
    ]


def test_log_lines_of_all_components_are_in_the_order_of_time(failing: RunResult) -> None:
    """Cause and effect across components can be read from top to bottom."""
    text = " ".join(_Outline(html.render(failing)).text.split())
    story = [
        "+0.040 test-distilera INFO request POST /api/v1/users/ started",
        "+0.045 test-database ERROR: duplicate key",
        "+0.050 test-distilera ERROR unhandled",
    ]
    assert [text.index(line) for line in story] == sorted(text.index(line) for line in story)


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("passing", "passed", "65 cases passed, 2 skipped"),
        ("failing", "failed", "3 of 71 cases failed"),
        ("broken", "environment_broken", "The environment did not come up"),
        ("interrupted", "interrupted", "Interrupted after 67 of 81 cases"),
        ("left_behind", "leftovers", "1 thing could not be removed"),
    ],
)
def test_each_verdict_looks_and_reads_its_own_way(name: str, verdict: str, words: str) -> None:
    """The whole page is marked with the verdict, and says it."""
    page = html.render(fold(getattr(sample_runs, name)()))
    assert f'<body class="verdict-{verdict}">' in page
    assert words in _Outline(page).text


def test_a_crash_is_shown_with_everybody_who_waits() -> None:
    """On their paths, as the error has them."""
    text = " ".join(_Outline(html.render(fold(sample_runs.broken()))).text.split())
    assert "needed by test-jonar ← the tests; test-jonar ← ui ← the demo" in text


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (("", ""), "2"),
        (("", "< 3"), "2, 1 limit met"),
        (("< 3", "< 3"), "2, 2 limits met"),
        (("< 3", "< 1"), "2, 1 of 2 limits missed"),
        (("", "< 1"), "2, 1 of 1 limit missed"),
    ],
)
def test_only_a_figure_with_a_limit_can_meet_it(limits: tuple[str, ...], told: str) -> None:
    """The others were measured, and that is all."""
    figures = [
        FigureMeasured(
            at=2.0, case="c", figure=f"f{n}", value=2.0, unit="", limit=limit, is_ok=limit != "< 1"
        )
        for n, limit in enumerate(limits)
    ]
    page = html.render(
        fold([RunStarted(at=1.0, run_id="r", ecosystem="e", provider="p", command="c", seed=1), *figures])
    )
    facts = " ".join(_Outline(page).text.partition("Figures ")[2].split())
    assert facts.replace(" , ", ", ").startswith(f"{told} Provider")


def test_ten_thousand_cases_stay_small() -> None:
    """All of them are on the page, in at most 3 MB."""
    page = html.render(fold(sample_runs.large()))
    assert page.count("<tr class=passed>") == 9_980
    assert len(page.encode()) < 3_000_000


def test_evidence_has_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything fails, every case is listed and the first ones have their evidence."""
    monkeypatch.setattr(failures, "BUDGET", 10_000)
    failed = {"suite": "s", "outcome": Outcome.FAILED, "duration": 0.1, "details": "d" * 4_000}
    ends = [CaseFinished(at=1.0, case=f"t{n}", message=f"message {n}", **failed) for n in range(50)]  # type: ignore[arg-type]  # of several types
    page = html.render(fold(ends))
    assert page.count('<article class="card failure') == 50
    assert page.count("d" * 4_000) == 3
    assert "message 49" in page


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_bar_of_the_chart_is_as_wide_as_it_lasted(failing: RunResult) -> None:
    """Whatever it stands for: nothing is styled like the bar of the sections, which has room at its sides."""
    elements = _Outline(html.render(failing)).elements
    (sections,) = (attributes["class"] for tag, attributes in elements if tag == "nav")
    bars = [(attributes.get("class") or "").split() for tag, attributes in elements if tag == "span"]
    assert any("bar" in classes for classes in bars)
    assert not any(sections in classes for classes in bars)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_in_both_themes(theme: int) -> None:
    """Every text colour has the contrast that WCAG AA asks for, on every ground it stands on."""
    style = (Path(html.__file__).parent / "templates" / "report.css").read_text()
    colours = _colours(re.findall(r":root \{(.*?)\}", style, re.DOTALL)[theme])
    texts = [
        "ink",
        "muted",
        "passed",
        "failed",
        "error",
        "broken",
        "stopped",
        *(f"hue{n}" for n in range(failures.HUES)),
    ]
    for text in texts:
        for ground in ("page", "surface", "sunken", "broken-tint"):
            light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
