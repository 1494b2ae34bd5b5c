"""Why this exists: whether one pod reaches another is found out from within it, with what its image has.

A port that is forwarded proves nothing: the API server's way goes past every policy.
"""

from harness.providers.kubernetes.connection.inside import Ran

OPEN, SHUT = "open", "shut"
UNKNOWN = ""
"""There is nothing in the image that could tell."""

_PYTHON = """
import socket, sys
try: socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()
except OSError: print("shut")
else: print("open")
"""
_PERL = """
my $there = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 1);
print $there ? "open" : "shut";
"""
_SCRIPT = f"""
has() {{ command -v "$1" >/dev/null 2>&1; }}
if has python3; then python3 -c '{_PYTHON}' "$1" "$2"
elif has bash && has timeout; then
  if timeout 1 bash -c ': 2>/dev/null <>"/dev/tcp/$1/$2"' bash "$1" "$2" 2>/dev/null; then echo open; else echo shut; fi
elif has nc; then if nc -z -w 1 "$1" "$2" 2>/dev/null; then echo open; else echo shut; fi
elif has perl; then perl -MIO::Socket::INET -e '{_PERL}' "$1" "$2"
fi
"""


def asks(address: str, port: int) -> tuple[str, ...]:
    """A command that tries one connection, for a second."""
    return ("sh", "-c", _SCRIPT, "sh", address, str(port))


def answer(ran: Ran) -> str:
    """OPEN, SHUT or UNKNOWN."""
    told = ran.said.strip()
    return told if ran.code == 0 and told in (OPEN, SHUT) else UNKNOWN
