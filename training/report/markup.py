"""The HTML of the data report, and the colours of its charts."""

from collections.abc import Collection, Iterable, Sequence
from html import escape

import plotly.graph_objects as go

from training.history.plausibility.catalogue import SUSPECT_CHECKS

DAYS_DRAWN = 731  # two years: of a longer history the newest are drawn, or weeks
INK = "#22303c"
SOFT = "#5b6975"
GRID_COLOUR = "#d9e0e6"
BLUE = "#0b4f7d"
BAND = "rgba(11, 79, 125, 0.18)"
SUSPECT_INK = "#b23c00"
EVENT_GROUND = "rgba(120, 94, 0, 0.12)"

SYMBOLS = ("pentagon", "diamond", "square", "star", "triangle-up", "hexagon", "cross", "x", "triangle-down", "circle")
CHECK_SYMBOL = {check.name.value: SYMBOLS[i % len(SYMBOLS)] for i, check in enumerate(SUSPECT_CHECKS)}
SERIES_COLOURS = ("#0b4f7d", "#d98200", "#00785a", "#8a3b8f", "#555555", "#7fb2d6")
PATTERNS = ("", "/", "x", ".", "-", "+")

_AXIS = {
    "gridcolor": GRID_COLOUR,
    "linecolor": SOFT,
    "zerolinecolor": SOFT,
    "ticks": "outside",
    "tickcolor": GRID_COLOUR,
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": "Inter, Segoe UI, system-ui, Arial, sans-serif", "size": 13, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "showlegend": True,
        "hoverlabel": {"align": "left"},
        "xaxis": {**_AXIS, "automargin": True},
        "yaxis": {**_AXIS, "automargin": True},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "xanchor": "left"},
    }
)
REPORT_STYLE = """
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0.25rem 0 0.75rem; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 0.25rem; padding-top: 1rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 0.25rem; }
.brand { font-size: 0.85rem; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; margin: 1.5rem 0 0; }
p { max-width: 60rem; margin: 0.5rem 0; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, .rows:focus-visible { outline: 3px solid #e69f00; outline-offset: 2px; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; padding: 0; margin: 1rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 0.75rem 1.5rem; margin: 1rem 0;
  background: #fff; border: 1px solid var(--line); border-radius: 0.5rem; padding: 1rem; }
dt { font-size: 0.85rem; color: var(--soft); }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.rows { overflow: auto; max-height: 34rem; background: #fff; border: 1px solid var(--line); border-radius: 0.5rem;
  margin: 0.75rem 0 1.25rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
caption { text-align: left; color: var(--soft); padding: 0.6rem 0.75rem; }
th, td { text-align: left; padding: 0.35rem 0.75rem; border-top: 1px solid var(--line); vertical-align: top; }
thead th { font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; }
.number { text-align: right; }
.number, .term { white-space: nowrap; }
.prose { min-width: 7rem; }
td:last-child.prose { min-width: 18rem; }
details { margin: 0.75rem 0; }
summary { cursor: pointer; color: var(--accent); font-weight: 600; }
@media print { .rows { max-height: none; } figure, tr { break-inside: avoid; } }
"""

PROSE = ("note", "what it means", "place", "name")  # columns whose texts may break into lines
Rows = Iterable[Sequence[str]]


def figure(height: int, **layout: object) -> go.Figure:
    """An empty figure, that many pixels high, in the report's style."""
    return go.Figure(layout={"template": TEMPLATE, "height": height, "margin": MARGIN, **layout})


MARGIN = {"l": 56, "r": 16, "t": 64, "b": 40}


def heading(text: str, level: int = 3) -> str:
    return f"<h{level}>{escape(text)}</h{level}>"


def brand(text: str) -> str:
    """The line above the title that says what kind of page this is."""
    return f"<p class='brand'>{escape(text)}</p>"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def section(anchor: str, title: str, parts: Iterable[str]) -> str:
    """A titled part of the page; `parts` are HTML."""
    inside = "\n".join(parts)
    return f"<section id='{anchor}' aria-label='{escape(title)}'>\n{heading(title, 2)}\n{inside}\n</section>"


def contents(titles: Iterable[tuple[str, str]]) -> str:
    """Links to the sections, of their anchors and titles."""
    links = "".join(f"<li><a href='#{anchor}'>{escape(title)}</a></li>" for anchor, title in titles)
    return f"<nav aria-label='Sections'><ul>{links}</ul></nav>"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    cells_html = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)
    return f"<dl>{cells_html}</dl>"


def table(caption: str, header: Sequence[str], rows: Rows, numbers: Collection[str] = ()) -> str:
    """A table whose first column names its rows; the columns called `numbers` are set to the right."""
    kinds = [_kind(name, numbers) for name in header]
    head = "".join(f"<th scope='col'{kind}>{escape(name)}</th>" for name, kind in zip(header, kinds, strict=True))
    body = "\n".join(_row(row, kinds) for row in rows)
    return (
        f"<div class='rows' tabindex='0' role='region' aria-label='{escape(caption)}'><table>"
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>"
    )


def folded(summary: str, inside: str) -> str:
    """A part that is folded until the reader opens it; `inside` is HTML."""
    return f"<details><summary>{escape(summary)}</summary>{inside}</details>"


def _kind(name: str, numbers: Collection[str]) -> str:
    kind = "number" if name in numbers else "prose" if name in PROSE else "term"
    return f" class='{kind}'"


def _row(cells: Sequence[str], kinds: Sequence[str]) -> str:
    first, *others = (escape(cell) for cell in cells)
    cells_html = "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(others, kinds[1:], strict=True))
    return f"<tr><th scope='row'{kinds[0]}>{first}</th>{cells_html}</tr>"
