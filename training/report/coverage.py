"""Section: which days each series has a value for."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from training.charts import picture, plain
from training.frames import WEEK, BoolArray, FloatArray, IndexArray
from training.history.plausibility.suspect_checks import run_days_left, run_positions
from training.report import markup, wording
from training.report.evidence import DayState, Evidence, States, missing_days, series_to_draw, states
from training.report.markup import folded, heading, paragraph, table

SERIES_DRAWN = 60
SERIES_LISTED = 500
CALENDAR_DAYS = 182
COVERAGE_NUMBERS = ("values", "revised", "suspect", "left out", "days without a value")
COLOUR_KEY = (
    "Light blue is a value, dark blue one that was revised, orange with a cross a suspect day, grey with a diamond a "
    "day that an event leaves out, white no value. A cross or diamond stands for a run of days."
)
WEEK_KEY = (
    "One cell is a week: the darker the green, the more of its days have a value; white is none. Orange with a cross "
    "is a week with a suspect day, grey with a diamond one with a day that an event leaves out. A cross or diamond "
    "stands for a run of weeks."
)
DAY_MS = 86_400_000
CALENDAR_ROW_PIXELS = 18
HEAD_PIXELS = 130
MARKS_DRAWN = 3000  # of a state; the newest ones
COLOURS = {
    DayState.NO_VALUE: "#ffffff",
    DayState.VALUE: "#bcd6e8",
    DayState.REVISED: "#2f78ac",
    DayState.SUSPECT: "#e2711d",
    DayState.LEFT_OUT: "#8a8f94",
}
COMPLETE_WEEK = "#3b8686"
MARKS = {DayState.SUSPECT: ("x", "#5f1e00"), DayState.LEFT_OUT: ("diamond", "#1f2326")}
MIDWEEK = 3


def coverage(evidence: Evidence) -> list[str]:
    """The calendars of the complete history and of the newest 26 weeks, and the same in numbers."""
    found = states(evidence)
    columns = series_to_draw(evidence, found, SERIES_DRAWN)
    parts = [paragraph(_opening(found)), *_not_drawn(len(evidence.unique_ids), len(columns))]
    if len(found) > CALENDAR_DAYS:
        parts += [heading("The complete history"), _complete_history(evidence, found, columns)]
        parts.append(heading("The newest 26 weeks, day by day"))
    parts.append(_days(evidence, found, columns, CALENDAR_DAYS, "calendar-recent"))
    listed = series_to_draw(evidence, found, SERIES_LISTED)
    return [*parts, folded("The same in numbers, series by series", _numbers(evidence, found, listed))]


def _opening(found: States) -> str:
    n = {state: int((found == state).sum()) for state in DayState}
    there = sum(n.values()) - n[DayState.NO_VALUE]
    counted = [f"{n[state]:,} {words_of}" for state, words_of in _BEYOND.items() if n[state]]
    beyond = f" Of them {wording.listed(counted)}." if counted else " None of them is revised, suspect or left out."
    gaps = int(missing_days(found).sum())
    empty = f" {wording.several(gaps, 'day')} after the first of a series {'has' if gaps == 1 else 'have'} no value."
    return (
        f"{wording.several(there, 'value')} of {wording.several(found.shape[1], 'series', 'series')}."
        + beyond
        + (empty if gaps else " No series misses a day after its first one.")
    )


_BEYOND = {
    DayState.REVISED: "revised and not otherwise flagged",
    DayState.SUSPECT: "suspect",
    DayState.LEFT_OUT: "left out by an event",
}


def _not_drawn(n_series: int, n_drawn: int) -> list[str]:
    if n_series == n_drawn:
        return []
    return [
        paragraph(
            f"The {n_drawn} series with most suspect, left-out and missing days are drawn, those with most first; "
            f"{n_series - n_drawn:,} more are not drawn."
        )
    ]


def _complete_history(evidence: Evidence, found: States, columns: IndexArray) -> str:
    if len(found) <= markup.DAYS_DRAWN:
        return _days(evidence, found, columns, markup.DAYS_DRAWN, "calendar")
    ids = [evidence.unique_ids[i] for i in columns]
    return picture(by_week(found[:, columns], evidence.days, ids), "calendar", WEEK_KEY, wide=True)


def _days(evidence: Evidence, found: States, columns: IndexArray, n_days: int, name: str) -> str:
    """The newest `n_days`, each exact."""
    ids = [evidence.unique_ids[i] for i in columns]
    values = evidence.table.to_numpy(dtype=float)[-n_days:, columns]
    return picture(by_day(found[-n_days:, columns], values, evidence.days[-n_days:], ids), name, COLOUR_KEY, wide=True)


def _numbers(evidence: Evidence, found: States, columns: IndexArray) -> str:
    there = found != DayState.NO_VALUE
    n_by_column = [
        there.sum(axis=0),
        (there & evidence.is_revised).sum(axis=0),
        (there & evidence.is_suspect).sum(axis=0),
        (there & evidence.is_left_out).sum(axis=0),
        missing_days(found),
    ]
    rows = [
        (
            evidence.unique_ids[i],
            wording.place_of(evidence.unique_ids[i], evidence.system),
            *(f"{n[i]:,}" for n in n_by_column),
            *_first_and_last(there[:, i], evidence.days),
        )
        for i in columns.tolist()
    ]
    more = len(evidence.unique_ids) - len(rows)
    caption = "Days of each series" + (
        f"; {wording.several(more, 'more series', 'more series')} not listed" * bool(more)
    )
    return table(caption, ("series", "place", *COVERAGE_NUMBERS, "first day", "last day"), rows, COVERAGE_NUMBERS)


def _first_and_last(there: BoolArray, days: pd.DatetimeIndex) -> tuple[str, str]:
    run_positions = np.flatnonzero(there)
    if not len(run_positions):
        return "", ""
    return wording.day_of_year(days[run_positions[0]].date()), wording.day_of_year(days[run_positions[-1]].date())


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
        text=_hover_texts(found, values).T,
        hovertemplate="%{y}, %{x|%a %d %b %Y}: %{text}<extra></extra>",
        name="day",
    )
    for state in (DayState.NO_VALUE, DayState.VALUE, DayState.REVISED):
        if (found == state).any():
            _legend_square(picture, state)
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
        colorscale=[[0, COLOURS[DayState.NO_VALUE]], [1, COMPLETE_WEEK]],
        colorbar={
            "title": "days with<br>a value",
            "tickformat": ".0%",
            "thickness": 12,
            **_colour_bar(len(unique_ids)),
        },
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
    picture = markup.figure(HEAD_PIXELS + CALENDAR_ROW_PIXELS * len(unique_ids))
    picture.update_xaxes(type="date", range=[f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"], showgrid=False)
    picture.update_yaxes(
        tickvals=list(range(len(unique_ids))),
        ticktext=[plain(wording.short(unique_id)) for unique_id in unique_ids],
        range=[len(unique_ids) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
        tickfont_size=12,
    )
    picture.update_xaxes(mirror=True, showline=True, linecolor=markup.GRID_COLOUR)
    picture.update_yaxes(mirror=True, showline=True, linecolor=markup.GRID_COLOUR)
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


def _colour_bar(n_rows: int) -> dict[str, object]:
    """The layout of a colour bar: no longer than the picture."""
    return {"lenmode": "pixels", "len": min(160, 80 + CALENDAR_ROW_PIXELS * n_rows), "y": 1, "yanchor": "top"}


def _hover_texts(found: States, values: FloatArray) -> NDArray[np.object_]:
    """The hover text of each day."""
    state_names = np.array([state.words for state in DayState], dtype=object)[found]
    there = found != DayState.NO_VALUE
    counts = np.array([f"{value:g}" for value in values[there]], dtype=object)
    counted = state_names.copy()
    counted[there] = counts + np.where(found[there] == DayState.VALUE, "", ", " + state_names[there])
    return counted


def _legend_square(picture: go.Figure, state: DayState) -> None:
    """The square that the legend shows for a state without marks."""
    square = {"symbol": "square", "size": 11, "color": COLOURS[state], "line": {"color": markup.SOFT, "width": 1}}
    picture.add_scatter(x=[None], y=[None], mode="markers", marker=square, name=state.words)


def _marks(picture: go.Figure, state: DayState, holds: BoolArray, days: pd.DatetimeIndex) -> None:
    """One mark in the middle of each run, so that a single day is seen too, and not by its colour alone."""
    middle = holds & (run_days_left(holds) == (run_positions(holds) + run_days_left(holds)) // 2)
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
