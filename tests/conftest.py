"""Why this exists: every test may ask for what the ecosystem's own fixtures give; one that does not, starts nothing."""

import pytest

# They assert on behalf of tests, and their failures should show as much.
pytest.register_assert_rewrite("tests.refusals", "tests.sockets")

pytest_plugins = ["tests.ecosystem"]
