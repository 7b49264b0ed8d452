"""Balance residuals: what occupancy did that admissions and discharges do not explain."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from training.charts import picture, plain
from training.history.plausibility.balance import balance_residuals
from training.history.report import looks, words
from training.history.report.evidence import Evidence
from training.history.report.markup import paragraph, table

PLACES_DRAWN = 8
PLACES_LISTED = 200
DAYS_DRAWN = 731
ROW_PIXELS = 130
NUMBERS = ("days known", "mean a day", "spread", "furthest from zero")
HEADER = ("place", "name", *NUMBERS, "on")
WHAT = (
    "A balance residual is the change of occupancy since the day before, less admissions, plus discharges. Zero: the "
    "three agree. Above zero: more patients are in beds than came and stayed."
)


def residuals(evidence: Evidence) -> list[str]:
    """Pictures of the places that are furthest off, and a table of all."""
    unexplained = balance_residuals(evidence.table, evidence.system).dropna(axis="columns", how="all")
    if unexplained.empty:
        return [
            paragraph(WHAT),
            paragraph("No place counts occupancy, admissions and discharges, all three: there is nothing to balance."),
        ]
    most = unexplained.abs().mean().sort_values(ascending=False, kind="stable").index
    drawn = [str(place) for place in most[:PLACES_DRAWN]]
    figure = _chart(unexplained[drawn].tail(DAYS_DRAWN), evidence)
    rows = [_row(str(place), unexplained[place], evidence) for place in most[:PLACES_LISTED]]
    more = len(most) - len(rows)
    caption = f"Patients a day, those furthest off first{f'; {more:,} more places not listed' if more else ''}"
    return [
        paragraph(WHAT),
        picture(figure, "residuals", _says(len(unexplained), len(most), len(drawn))),
        table(caption, HEADER, rows, NUMBERS),
    ]


def _says(n_days: int, n_places: int, n_drawn: int) -> str:
    which = "Each place" if n_drawn == n_places else f"The {n_drawn} places furthest off, of {n_places:,}"
    since = "" if n_days <= DAYS_DRAWN else " in the newest two years"
    return (
        f"{which}, day by day{since}. A line that stays on one side of zero is a flow that is not counted; a single "
        "spike up or down is a wrong count; a pair of spikes, one up and one down, a wrong count of occupancy."
    )


def _chart(unexplained: pd.DataFrame, evidence: Evidence) -> go.Figure:
    """One row for each place, all on the same days."""
    titles = [plain(words.titled(str(place), str(place), evidence.system)) for place in unexplained]
    n = len(titles)
    figure = make_subplots(n, 1, shared_xaxes=True, vertical_spacing=0.3 / (n + 1), subplot_titles=titles)
    x = pd.DatetimeIndex(unexplained.index).strftime("%Y-%m-%d").tolist()
    for row, place in enumerate(unexplained, start=1):
        figure.add_scatter(
            x=x,
            y=unexplained[place],
            mode="lines+markers",
            line={"color": looks.BLUE, "width": 1.2},
            marker={"size": 2.5},
            hovertemplate="%{x|%a %d %b %Y}: %{y:+,.1f}<extra></extra>",
            showlegend=False,
            row=row,
            col=1,
        )
    figure.update_layout(template=looks.LOOK, height=90 + ROW_PIXELS * n, margin=looks.MARGIN)
    figure.update_yaxes(zeroline=True, zerolinewidth=1.5, rangemode="tozero", nticks=4)
    return figure


def _row(place: str, unexplained: pd.Series, evidence: Evidence) -> tuple[str, ...]:
    known = unexplained.dropna()
    furthest = pd.Timestamp(str(known.abs().idxmax()))
    return (
        place,
        words.place(place, evidence.system),
        f"{len(known):,}",
        words.signed(float(known.mean())),
        f"{np.std(known.to_numpy()):,.1f}",
        words.signed(float(known[furthest])),
        words.day(furthest.date()),
    )
