"""Why this exists: CI systems read JUnit XML; this one is valid for them whatever a test printed.

`<testsuites>` and each `<testsuite>` carry tests, failures, errors, skipped, time (seconds) and timestamp
(UTC). A case that was not let end has no verdict: it counts as skipped, as `<skipped type="interrupted">`. Expected
failures count as skipped too, as pytest counts them. Earlier attempts of a case are `<flakyFailure>` or
`<rerunFailure>` elements, as Maven Surefire names them. A broken environment is no test's failure: it stands in
the `<system-err>` of a suite named `environment` that has no cases.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.reports.faults import since
from harness.reports.text import cut, iso, one_line, plain
from harness.results.cases import Attempt, Case, Status, SuiteResult, Totals
from harness.results.model import RunResult

OUTPUT_LIMIT = 100_000  # characters of one case's output: some consumers refuse very long text nodes


def render(result: RunResult) -> bytes:
    """The whole run as one document."""
    root = Element("testsuites", {"name": plain(result.ecosystem)})
    root.attrib |= _counts(result.totals) | {"time": _time(result.duration), "timestamp": iso(result.started)}
    for suite in result.suites:
        root.append(_suite(suite, result))
    if result.environment.failure:
        root.append(_environment(result))
    indent(root)
    body: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def _counts(totals: Totals) -> dict[str, str]:
    counts = {
        "tests": totals.cases,
        "failures": totals.failed,
        "errors": totals.errors,
        "skipped": totals.skipped + totals.interrupted,
    }
    return {name: str(count) for name, count in counts.items()}


def _time(seconds: float) -> str:
    return f"{seconds if isfinite(seconds) else 0.0:.3f}"


def _suite(suite: SuiteResult, result: RunResult) -> Element:
    element = Element("testsuite", {"name": plain(suite.name)} | _counts(suite.totals))
    element.attrib |= {"time": _time(suite.duration), "timestamp": iso(suite.started or result.started)}
    properties = SubElement(element, "properties")
    for name, value in _properties(result).items():
        SubElement(properties, "property", {"name": name, "value": plain(value)})
    element.extend(_case(case) for case in suite.cases)
    return element


def _properties(result: RunResult) -> Mapping[str, str]:
    return {
        "run": result.run_id,
        "provider": result.provider,
        "seed": "" if result.seed is None else str(result.seed),
        "verdict": result.verdict.value,
    }


def _case(case: Case) -> Element:
    classname, name = _names(case.id)
    element = Element(
        "testcase", {"classname": plain(classname), "name": plain(name), "time": _time(case.duration)}
    )
    if case.file:
        element.attrib |= {"file": plain(case.file), "line": str(case.line)}
    element.extend(_verdicts(case))
    for tag, text in (("system-out", _system_out(case)), ("system-err", _captured(case.last, "err"))):
        if text:
            SubElement(element, tag).text = cut(text, OUTPUT_LIMIT)
    return element


def _names(node_id: str) -> tuple[str, str]:
    """A node id as class name and name: `tests/test_a.py::TestA::test_b[x]` → `tests.test_a.TestA`, `test_b[x]`."""
    address, bracket, parameters = node_id.partition("[")
    *outer, function = address.split("::")
    module = "".join(outer[:1]).removesuffix(".py").replace("/", ".")
    return ".".join([module, *outer[1:]]), function + bracket + parameters


def _verdicts(case: Case) -> Iterator[Element]:
    """The element that says how the case ended, and those of earlier attempts."""
    tag = {Status.FAILED: "failure", Status.ERROR: "error"}.get(case.status)
    if tag:
        yield _told(tag, case.last)
    elif case.status.group in {Status.SKIPPED, Status.INTERRUPTED}:
        yield Element("skipped", {"type": case.status.value, "message": one_line(case.last.message)})
    for attempt in case.earlier:
        if attempt.status.is_bad:
            yield _told("rerunFailure" if case.is_bad else "flakyFailure", attempt)


def _told(tag: str, attempt: Attempt) -> Element:
    element = Element(tag, {"type": attempt.status.value, "message": one_line(attempt.message, 1000)})
    element.text = plain(attempt.details) or None
    return element


def _captured(attempt: Attempt, stream: str) -> str:
    """Captured sections: those of standard error for `err`, all others for `out`."""
    sections = (
        (title, text) for title, text in attempt.output.items() if ("stderr" in title) == (stream == "err")
    )
    return "\n".join(f"--- {plain(title)} ---\n{plain(text)}" for title, text in sections)


def _system_out(case: Case) -> str:
    """What was made to go wrong, what the case printed, and what each component logged meanwhile."""
    logged = (
        f"--- log of {plain(excerpt.component)} during this case ---\n"
        + "\n".join(f"{line.at:.3f} {plain(line.text)}" for line in excerpt.lines)
        for excerpt in case.excerpts
    )
    return "\n".join(filter(None, [_faults(case), _captured(case.last, "out"), *logged]))


def _faults(case: Case) -> str:
    """What was made to go wrong while a bad case ran."""
    lines = [plain(since(span, case.last.started)) for span in case.faults] if case.is_bad else []
    return "\n".join(["--- faults during this case ---", *lines]) if lines else ""


def _environment(result: RunResult) -> Element:
    failure = result.environment.failure
    element = Element("testsuite", {"name": "environment"} | _counts(Totals({})))
    element.attrib |= {"time": _time(result.environment.ready_after or 0.0), "timestamp": iso(result.started)}
    if failure:
        told = [failure.message, *failure.evidence, failure.hint]
        SubElement(element, "system-err").text = "\n".join(plain(line) for line in told if line)
    return element
