"""Statistical control as JSON and as tables, with the same columns."""

from collections.abc import Iterable, Sequence

from publication.control import ControlState, Signal, sentence
from publication.live_scores import LiveScores
from publication.vocabulary import series_key
from service.rendering.bodies import Json
from service.rendering.scores import origin_body, rounded
from service.rendering.tables import Table

STATE_COLUMNS = (
    "measure",
    "check",
    "days",
    "evidence",
    "signal",
    "unique_id",
    "place",
    "since",
    "found",
    "size",
    "expected",
    "sentence",
)


def control_body(live_scores: LiveScores | None, states: Sequence[ControlState]) -> Json:
    """Return the states, and the live scores that they were made with; `live_scores` is null before the first."""
    return {"live_scores": origin_body(live_scores), "control": [control_row(state) for state in states]}


def control_table(states: Iterable[ControlState]) -> Table:
    """Return the states as a table."""
    return Table(STATE_COLUMNS, (tuple(control_row(state).values()) for state in states))


def control_row(state: ControlState) -> Json:
    """Return the columns of a state; those of a signal are null where there is none."""
    own: Json = {
        "measure": state.measure,
        "check": state.check.value,
        "days": state.n_days,
        "evidence": rounded(state.evidence),
        "signal": state.signal is not None,
    }
    return dict.fromkeys(STATE_COLUMNS) | own | _of_signal(state.signal) | {"sentence": sentence(state) or None}


def _of_signal(signal: Signal | None) -> Json:
    if signal is None:
        return {}
    return {
        "unique_id": signal.unique_id,
        "place": None if signal.unique_id is None else series_key(signal.unique_id).place,
        "since": signal.since.isoformat(),
        "found": signal.found.isoformat(),
        "size": rounded(signal.size),
        "expected": rounded(signal.expected),
    }
