"""Pages of pictures that need nothing from elsewhere: hospital networks are closed."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "modeBarButtons": [["toImage"], ["zoom2d", "pan2d", "resetScale2d"]],
}
"""Buttons are named one by one: Plotly would add one that sends the data of a figure to its makers' servers."""
CHART_STYLE = """
:root { --ink: #22303c; --soft: #4d5a66; --line: #d9e0e6; --ground: #f6f8fa; --accent: #0b4f7d; }
* { box-sizing: border-box; }
html { font: 16px/1.5 "Inter", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif;
  color: var(--ink); background: var(--ground); }
body { margin: 0 auto; max-width: 80rem; padding: 0 1rem 3rem; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0 1.5rem; background: #fff; border: 1px solid var(--line); border-radius: 0.5rem; }
figcaption { padding: 0.5rem 1rem 0.75rem; color: var(--soft); max-width: 60rem; }
.scroll { overflow-x: auto; }
.wide { min-width: 44rem; }
"""


def page(title: str, parts: Sequence[str], style: str = "") -> str:
    """One complete HTML page of `parts`, which are HTML: `picture` makes those with a figure."""
    return "\n".join(
        [
            "<!doctype html>",
            "<html lang='en'><head><meta charset='utf-8'>",
            "<meta name='viewport' content='width=device-width, initial-scale=1'>",
            f"<title>{escape(title)}</title>",
            f"<style>{CHART_STYLE}{style}</style>",
            "<script>window.PlotlyConfig = {MathJaxConfig: 'local'};</script>",
            f"<script>{get_plotlyjs()}</script>",
            "</head><body>",
            "<noscript><p>The pictures of this page are drawn by the browser: allow it to run scripts.</p></noscript>",
            *parts,
            "</body></html>",
        ]
    )


def picture(figure: go.Figure, name: str, sentence: str = "", wide: bool = False) -> str:
    """The HTML of one figure, and under it a sentence that says what one sees.

    `name` is its id, once on a page. One that is `wide` scrolls on a narrow screen rather than being squeezed.
    """
    drawn = figure.to_html(full_html=False, include_plotlyjs=False, config=CONFIG, div_id=name)
    kind = "wide" if wide else "fitting"
    caption = f"<figcaption id='{name}-caption'>{escape(sentence)}</figcaption>" if sentence else ""
    described = f" role='group' aria-labelledby='{name}-caption'" if sentence else ""
    return f"<figure{described}><div class='scroll'><div class='{kind}'>{drawn}</div></div>{caption}</figure>"


def plain(text: str) -> str:
    """The text as a figure shows it letter by letter: Plotly reads some of HTML in labels."""
    return escape(text, quote=False)
