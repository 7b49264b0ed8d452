"""The picture of one series with its suspect days."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from publication.vocabulary import series_key
from training.charts import plain
from training.history.disturbances import concerns
from training.history.plausibility.panel import panels
from training.history.report import looks, words
from training.history.report.evidence import Evidence, each
from training.system import Event

WINDOW_DAYS = 182
DAYS_AFTER = 28  # the newest suspect day
EVENTS_DRAWN = 20
HEIGHT = 300


def window(evidence: Evidence, unique_id: str) -> pd.DatetimeIndex:
    """Half a year of days that ends four weeks after the newest suspect one."""
    newest = evidence.suspect.loc[evidence.suspect["unique_id"] == unique_id, "last"].max()
    end = evidence.days.get_indexer(pd.DatetimeIndex([newest]))[0] + DAYS_AFTER + 1
    end = min(end, len(evidence.days))
    return evidence.days[max(end - WINDOW_DAYS, 0) : end]


def chart(evidence: Evidence, unique_id: str) -> go.Figure:
    """Values and what was usual for them as lines, suspect days marked by check, events shaded."""
    days = window(evidence, unique_id)
    figure = looks.figure(HEIGHT, hovermode="x unified")
    x = days.strftime("%Y-%m-%d").tolist()
    usual = _usual(evidence, unique_id)[days]
    dotted = {"color": looks.SOFT, "dash": "dot", "width": 1.5}
    figure.add_scatter(x=x, y=usual.round(1), mode="lines", line=dotted, name="usual", hovertemplate="%{y:,}")
    values = evidence.table.loc[days, unique_id]
    solid = {"color": looks.BLUE, "width": 1.6}
    alone = {"size": 3.5, "color": looks.BLUE}  # a value between two gaps has no line
    figure.add_scatter(
        x=x, y=values, mode="lines+markers", line=solid, marker=alone, name="value", hovertemplate="%{y:,}"
    )
    for check, doubted in _by_check(evidence, unique_id, days).items():
        mark = {"symbol": looks.CHECK_SYMBOL[check], "size": 10, "color": looks.SUSPECT_INK}
        figure.add_scatter(
            x=doubted.strftime("%Y-%m-%d").tolist(),
            y=values[doubted],
            mode="markers",
            marker={**mark, "line": {"color": "white", "width": 1}},
            name=check,
            cliponaxis=False,
            hovertemplate="%{y:,}",
        )
    _shade(figure, evidence, unique_id, days)
    figure.update_xaxes(range=[f"{days[0]:%Y-%m-%d}", f"{days[-1] + pd.Timedelta(days=1):%Y-%m-%d}"], type="date")
    return figure


def _usual(evidence: Evidence, unique_id: str) -> pd.Series:
    """As the checks see it; empty where the measure is not one of the system's."""
    for panel in panels(evidence.table[[unique_id]], evidence.system, evidence.context):
        if panel.unique_ids:
            return pd.Series(panel.usual_count[:, 0], evidence.days)
    return pd.Series(np.nan, evidence.days)


def _by_check(evidence: Evidence, unique_id: str, days: pd.DatetimeIndex) -> dict[str, pd.DatetimeIndex]:
    """The suspect days of the stretch, by the check that found them."""
    found: dict[str, pd.DatetimeIndex] = {}
    for row in each(evidence.suspect[evidence.suspect["unique_id"] == unique_id]):
        run = days[(days >= row.first) & (days <= row.last)]
        if len(run):
            found[row.check] = run.union(found[row.check]) if row.check in found else run
    return found


def _shade(figure: go.Figure, evidence: Evidence, unique_id: str, days: pd.DatetimeIndex) -> None:
    """The newest events that concern the series, each with its kind in words."""
    key = series_key(unique_id)
    theirs = [event for event in evidence.context.events if concerns(event, key, evidence.system)]
    seen = [event for event in theirs if event.last >= days[0].date() and event.first <= days[-1].date()]
    for event in sorted(seen, key=lambda event: event.first)[-EVENTS_DRAWN:]:
        figure.add_vrect(
            x0=f"{pd.Timestamp(event.first) - pd.Timedelta(hours=12):%Y-%m-%d %H:%M}",
            x1=f"{pd.Timestamp(event.last) + pd.Timedelta(hours=12):%Y-%m-%d %H:%M}",
            fillcolor=looks.EVENT_GROUND,
            line_width=0,
            layer="below",
            annotation_text=plain(_kind(event)),
            annotation_position="bottom left",
            annotation_textangle=-90,
        )


def _kind(event: Event) -> str:
    return words.measure(event.kind.value)
