"""Why this exists: trees that look enough like Compose files to reach every reader, and are wrong in every way."""

from hypothesis import strategies as st

from harness.spec.service import SERVICE

_TEXTS = st.sampled_from(
    [
        "",
        "a",
        "80:80",
        "8000-8001:80",
        "./x:/y",
        "${A:-b}",
        "${B}",
        "$",
        "${",
        "1m30s",
        "512m",
        "no",
        "db",
        "~",
        "C:\\x:/y",
        "service:db",
        "on-failure",
        "{port}",
        "a:b",
        "NONE",
        "'",
        "x y && z",
        "1e400",
        "0x1F",
        "-1",
        "\n",
    ]
) | st.text(max_size=5)
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS
_KEYS = st.sampled_from(
    [
        *SERVICE,
        "services",
        "networks",
        "volumes",
        "secrets",
        "configs",
        "include",
        "name",
        "path",
        "file",
        "service",
        "target",
        "source",
        "type",
        "test",
        "condition",
        "process",
        "ready",
        "exports",
        "random",
        "suites",
        "limits",
        "soft",
        "a",
        "db",
    ]
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | _TEXTS, inner, max_size=4),
    max_leaves=12,
)
_SERVICES = st.dictionaries(
    st.sampled_from(["db", "web", "a.b"]), st.dictionaries(_KEYS, _TREES, max_size=5), max_size=3
)
compose_files = st.dictionaries(_KEYS, _TREES, max_size=4) | st.builds(
    lambda services, rest: rest | {"services": services},
    _SERVICES,
    st.dictionaries(_KEYS, _TREES, max_size=3),
)
"""Trees that look like Compose files from afar."""
