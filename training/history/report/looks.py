"""How the pictures of the report look: light, and never by colour alone."""

import plotly.graph_objects as go

from training.history.plausibility import SUSPECT_CHECKS

INK = "#22303c"
SOFT = "#5b6975"
LINE = "#d9e0e6"
BLUE = "#0b4f7d"
BAND = "rgba(11, 79, 125, 0.18)"
SUSPECT_INK = "#b23c00"
EVENT_GROUND = "rgba(120, 94, 0, 0.12)"

SYMBOLS = ("pentagon", "diamond", "square", "star", "triangle-up", "hexagon", "cross", "x", "triangle-down", "circle")
CHECK_SYMBOL = {check.name: SYMBOLS[i % len(SYMBOLS)] for i, check in enumerate(SUSPECT_CHECKS)}
SERIES_COLOURS = ("#0b4f7d", "#d98200", "#00785a", "#8a3b8f", "#555555", "#7fb2d6")
PATTERNS = ("", "/", "x", ".", "-", "+")

_AXIS = {"gridcolor": LINE, "linecolor": SOFT, "zerolinecolor": SOFT, "ticks": "outside", "tickcolor": LINE}
LOOK = go.layout.Template(
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


def figure(height: int, **layout: object) -> go.Figure:
    """An empty figure, that many pixels high, in the report's look."""
    return go.Figure(layout={"template": LOOK, "height": height, "margin": MARGIN, **layout})


MARGIN = {"l": 56, "r": 16, "t": 64, "b": 40}
