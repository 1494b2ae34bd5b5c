"""Why this exists: every test may ask for what the ecosystem's own fixtures give; one that does not, starts nothing."""

import signal

import pytest

# A shell without job control starts what goes to the background deaf to Ctrl-C; all that tests start would be, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# They assert on behalf of tests, and their failures should show as much.
pytest.register_assert_rewrite("tests.refusals", "tests.sockets")

pytest_plugins = ["tests.ecosystem"]
