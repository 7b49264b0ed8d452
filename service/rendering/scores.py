"""Scores as JSON and as tables, with the same columns."""

from collections.abc import Iterable, Sequence

from publication.live_scores import LiveScores, Losses, Score
from publication.vocabulary import SeriesKey, series_key
from service.rendering.bodies import Json, instant
from service.rendering.tables import Table

LOSS_DECIMALS = 4
EMPTY_KEY: dict[str, str | None] = dict.fromkeys(SeriesKey._fields)
SCORE_COLUMNS = ("unique_id", *EMPTY_KEY, "leads", "regime", "n", "fallbacks", *Losses._fields)


def scores_body(live_scores: LiveScores | None, scores: Sequence[Score]) -> Json:
    """Return the scores, and the forecasts that they are of; `live_scores` is null before the first scoring."""
    return {
        "live_scores": None if live_scores is None else _origin(live_scores),
        "scores": [_row(score) for score in scores],
    }


def scores_table(scores: Iterable[Score]) -> Table:
    return Table(SCORE_COLUMNS, (tuple(_row(score).values()) for score in scores))


def _origin(live_scores: LiveScores) -> Json:
    return {
        "scored_at": instant(live_scores.scored_at),
        "first": live_scores.first.isoformat(),
        "last": live_scores.last.isoformat(),
        "publications": live_scores.n_publications,
    }


def _row(score: Score) -> Json:
    of = score.of
    key = EMPTY_KEY | {"measure": of.measure} if of.series is None else series_key(of.series)._asdict()
    return {
        "unique_id": of.series,
        **key,
        "leads": of.leads,
        "regime": of.regime,
        "n": score.n,
        "fallbacks": score.fallbacks,
        **{name: _rounded(loss) for name, loss in score.losses._asdict().items()},
    }


def _rounded(loss: float | None) -> float | None:
    return None if loss is None else round(loss, LOSS_DECIMALS)
