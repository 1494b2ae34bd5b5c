"""Why this exists: README's picture of a clean state before each test is drawn from what was measured, and so true.

`python -m bench.picture` writes docs/isolation.svg from bench/results.json.
"""

from pathlib import Path
from xml.sax.saxutils import escape

from bench.figures import Figure, stored

OUTPUT = Path(__file__).parent.parent / "docs" / "isolation.svg"
WIDTH, HEIGHT, LEFT, BAR, STEP = 760, 250, 250, 26, 46
BEFORE, AFTER = "#b9b9c0", "#2e8b57"
WORDS = {
    "truncate and reseed": "TRUNCATE and seed again",
    "pytest-postgresql": "a database for each test",
}


def picture_of(figure: Figure) -> str:
    """The picture as SVG: what a test waits for its clean state, with the others before and with us after."""
    rows = [(WORDS[name], milliseconds, BEFORE) for name, milliseconds in figure.peers.items()]
    rows.append(("isolation: reset", figure.value, AFTER))
    longest = max(milliseconds for _, milliseconds, _ in rows)
    parts = [
        _text(20, 34, "A clean Postgres for each test: 40 tables, 10 MB, milliseconds (median)", size=16)
    ]
    for number, (label, milliseconds, colour) in enumerate(rows):
        y = 66 + number * STEP + (18 if colour == AFTER else 0)
        width = max(3, round((WIDTH - LEFT - 110) * milliseconds / longest))
        parts += [
            _text(20, y + BAR * 0.7, label),
            f'<rect x="{LEFT}" y="{y}" width="{width}" height="{BAR}" rx="3" fill="{colour}"/>',
            _text(LEFT + width + 10, y + BAR * 0.7, f"{milliseconds:.0f} ms"),
        ]
    parts.append(_text(20, HEIGHT - 14, "make bench NAME=reset; all on one server, in one run", size=12))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
        f"{body}\n</svg>\n"
    )


def _text(x: float, y: float, words: str, size: int = 15) -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="#222">{escape(words)}</text>'


def draw() -> None:
    """Write the picture of what was last measured."""
    figure = next(figure for figure in stored() if figure.name == "reset.clean_p50")
    OUTPUT.write_text(picture_of(figure), encoding="utf-8")


if __name__ == "__main__":
    draw()
