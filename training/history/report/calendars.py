"""The pictures of coverage: series by day, or by week, each cell in its state."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from training.arrays import BoolArray, FloatArray
from training.charts import plain
from training.frames import WEEK
from training.history.plausibility.runs import days_left, positions
from training.history.report import looks, words
from training.history.report.states import DayState, States

DAY_MS = 86_400_000
ROW_PIXELS = 18
HEAD_PIXELS = 130
MARKS_DRAWN = 3000  # of a state; the newest ones
COLOURS = {
    DayState.NO_VALUE: "#ffffff",
    DayState.VALUE: "#bcd6e8",
    DayState.REVISED: "#2f78ac",
    DayState.SUSPECT: "#e2711d",
    DayState.LEFT_OUT: "#8a8f94",
}
WHOLE_WEEK = "#3b8686"
MARKS = {DayState.SUSPECT: ("x", "#5f1e00"), DayState.LEFT_OUT: ("diamond", "#1f2326")}
MIDWEEK = 3


def by_day(found: States, values: FloatArray, days: pd.DatetimeIndex, unique_ids: list[str]) -> go.Figure:
    """Each day in its state; all arrays (n_days, n_series)."""
    picture = _empty(unique_ids, days[0] - pd.Timedelta(hours=12), days[-1] + pd.Timedelta(hours=12))
    top = max(DayState)
    edges = np.repeat(np.arange(top + 2) / (top + 1), 2)[1:-1]
    colours = [COLOURS[state] for state in DayState for _ in range(2)]
    picture.add_heatmap(
        z=found.T,
        x0=f"{days[0]:%Y-%m-%d}",
        dx=DAY_MS,
        zmin=-0.5,
        zmax=top + 0.5,
        colorscale=list(zip(edges.tolist(), colours, strict=True)),
        showscale=False,
        text=_told(found, values).T,
        hovertemplate="%{y}, %{x|%a %d %b %Y}: %{text}<extra></extra>",
        name="day",
    )
    for state in (DayState.NO_VALUE, DayState.VALUE, DayState.REVISED):
        if (found == state).any():
            _key(picture, state)
    for state in MARKS:
        _marks(picture, state, found == state, days)
    return picture


def by_week(found: States, days: pd.DatetimeIndex, unique_ids: list[str]) -> go.Figure:
    """Each week by the share of its days that have a value, with a mark where one of them is suspect or left out."""
    first = days[0] - pd.Timedelta(days=int(days[0].weekday()))
    week = ((days - first).days // WEEK).to_numpy()
    begins = np.flatnonzero(np.diff(week, prepend=-1))
    counts = {state: np.add.reduceat(found == state, begins, axis=0, dtype=np.int8) for state in DayState}
    length = np.diff(np.append(begins, len(days)))[:, None]
    middles = pd.DatetimeIndex(first + pd.to_timedelta(WEEK * np.arange(len(begins)) + MIDWEEK, unit="D"))
    picture = _empty(unique_ids, first - pd.Timedelta(days=1), middles[-1] + pd.Timedelta(days=WEEK))
    picture.add_heatmap(
        z=np.round(1 - counts[DayState.NO_VALUE] / length, 3).T.astype(np.float32),
        x0=f"{middles[0]:%Y-%m-%d}",
        dx=WEEK * DAY_MS,
        zmin=0,
        zmax=1,
        colorscale=[[0, COLOURS[DayState.NO_VALUE]], [1, WHOLE_WEEK]],
        colorbar={"title": "days with<br>a value", "tickformat": ".0%", "thickness": 12, **_beside(len(unique_ids))},
        customdata=np.stack([counts[state].T for state in (DayState.SUSPECT, DayState.LEFT_OUT)], axis=-1),
        hovertemplate="%{y}, week of %{x|%d %b %Y}: %{z:.0%} of its days have a value, "
        "%{customdata[0]} suspect, %{customdata[1]} left out<extra></extra>",
        name="week",
    )
    for state in MARKS:
        _cover(picture, state, counts[state] > 0, middles)
    for state in MARKS:
        _marks(picture, state, counts[state] > 0, middles)
    return picture


def _empty(unique_ids: list[str], first: pd.Timestamp, last: pd.Timestamp) -> go.Figure:
    """Rows from top to bottom are series; named by number, as two may be shortened to the same label."""
    picture = looks.figure(HEAD_PIXELS + ROW_PIXELS * len(unique_ids))
    picture.update_xaxes(type="date", range=[f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"], showgrid=False)
    picture.update_yaxes(
        tickvals=list(range(len(unique_ids))),
        ticktext=[plain(words.short(unique_id)) for unique_id in unique_ids],
        range=[len(unique_ids) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
        tickfont_size=12,
    )
    picture.update_xaxes(mirror=True, showline=True, linecolor=looks.LINE)
    picture.update_yaxes(mirror=True, showline=True, linecolor=looks.LINE)
    return picture


def _cover(picture: go.Figure, state: DayState, holds: BoolArray, middles: pd.DatetimeIndex) -> None:
    """The weeks in which it holds, in its colour, over what they are otherwise."""
    if holds.any():
        picture.add_heatmap(
            z=np.where(holds, 1, np.nan).T.astype(np.float32),
            x0=f"{middles[0]:%Y-%m-%d}",
            dx=WEEK * DAY_MS,
            colorscale=[[0, COLOURS[state]], [1, COLOURS[state]]],
            showscale=False,
            hoverinfo="skip",
            name=f"weeks: {state.words}",
        )


def _beside(n_rows: int) -> dict[str, object]:
    """How long the key of a colour is: no longer than the picture."""
    return {"lenmode": "pixels", "len": min(160, 80 + ROW_PIXELS * n_rows), "y": 1, "yanchor": "top"}


def _told(found: States, values: FloatArray) -> NDArray[np.object_]:
    """What each day says when it is pointed at."""
    said = np.array([state.words for state in DayState], dtype=object)[found]
    there = found != DayState.NO_VALUE
    counts = np.array([f"{value:g}" for value in values[there]], dtype=object)
    told = said.copy()
    told[there] = counts + np.where(found[there] == DayState.VALUE, "", ", " + said[there])
    return told


def _key(picture: go.Figure, state: DayState) -> None:
    """The square that the legend shows for a state without marks."""
    square = {"symbol": "square", "size": 11, "color": COLOURS[state], "line": {"color": looks.SOFT, "width": 1}}
    picture.add_scatter(x=[None], y=[None], mode="markers", marker=square, name=state.words)


def _marks(picture: go.Figure, state: DayState, holds: BoolArray, days: pd.DatetimeIndex) -> None:
    """One mark in the middle of each run, so that a single day is seen too, and not by its colour alone."""
    middle = holds & (days_left(holds) == (positions(holds) + days_left(holds)) // 2)
    day, series = (where[-MARKS_DRAWN:] for where in np.nonzero(middle))
    if not len(day):
        return
    symbol, ink = MARKS[state]
    picture.add_scatter(
        x=days[day].strftime("%Y-%m-%d").tolist(),
        y=series,
        mode="markers",
        marker={"symbol": symbol, "size": 8, "color": COLOURS[state], "line": {"color": ink, "width": 1}},
        hoverinfo="skip",
        name=state.words,
    )
