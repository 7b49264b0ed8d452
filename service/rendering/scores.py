"""Scores as JSON and as tables, with the same columns."""

from collections.abc import Iterable, Sequence

from publication.live_scores import LeadScore, LiveScores, Losses, QuantileShare, Score
from publication.vocabulary import COMPUTED_DECIMALS, SeriesKey, series_key
from service.queries.selection import ScoreRow
from service.rendering.bodies import Json, instant
from service.rendering.tables import Table

EMPTY_KEY: dict[str, str | None] = dict.fromkeys(SeriesKey._fields)
SLICE_COLUMNS = ("weeks", "publications", "lead", "champion", "first_cutoff", "last_cutoff", "quantile", "at_or_below")
SCORE_COLUMNS = ("unique_id", *EMPTY_KEY, "leads", "regime", "n", "fallbacks", *Losses._fields, *SLICE_COLUMNS)
EMPTY_ROW: Json = dict.fromkeys(SCORE_COLUMNS)


def scores_body(live_scores: LiveScores | None, scores: Sequence[ScoreRow]) -> Json:
    """Return the scores, and the forecasts that they are of; `live_scores` is null before the first scoring."""
    return {
        "live_scores": origin_body(live_scores),
        "scores": [score_row(score) for score in scores],
    }


def scores_table(scores: Iterable[ScoreRow]) -> Table:
    """Return the scores as a table."""
    return Table(SCORE_COLUMNS, (tuple(score_row(score).values()) for score in scores))


def origin_body(live_scores: LiveScores | None) -> Json | None:
    """Return the forecasts that live scores are of; None before the first scoring."""
    if live_scores is None:
        return None
    return {
        "scored_at": instant(live_scores.scored_at),
        "first": live_scores.first.isoformat(),
        "last": live_scores.last.isoformat(),
        "publications": live_scores.n_publications,
    }


def score_row(score: ScoreRow) -> Json:
    """Return the columns of any score; those that it does not have are null."""
    if isinstance(score, QuantileShare):
        return EMPTY_ROW | score._asdict() | {"at_or_below": rounded(score.at_or_below)}
    own = _of_lead(score) if isinstance(score, LeadScore) else _of_slice(score)
    losses = {name: rounded(loss) for name, loss in score.losses._asdict().items()}
    counts = {"n": score.n, "fallbacks": score.fallbacks, "publications": score.publications}
    return EMPTY_ROW | own | counts | losses


def _of_slice(score: Score) -> Json:
    of = score.of
    key = EMPTY_KEY | {"measure": of.measure} if of.series is None else series_key(of.series)._asdict()
    return {"unique_id": of.series, **key, "leads": of.leads, "regime": of.regime, "weeks": of.weeks}


def _of_lead(score: LeadScore) -> Json:
    of: Json = {"measure": score.measure, "lead": score.lead, "weeks": score.weeks}
    if score.champion is None:
        return of
    version, first, last = score.champion
    return of | {"champion": version, "first_cutoff": first.isoformat(), "last_cutoff": last.isoformat()}


def rounded(loss: float | None) -> float | None:
    """Return a loss with the decimals in which it is served."""
    return None if loss is None else round(loss, COMPUTED_DECIMALS)
