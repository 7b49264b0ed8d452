"""Which scores of the ledger a request asks for."""

from collections.abc import Iterable
from dataclasses import dataclass

from publication.ledger import SLICES, LiveScores, Score, combined
from publication.model import Publication
from publication.vocabulary import SeriesKey, series_key
from service.http.problems import InvalidParameter, invalid, one_of, unknown
from service.queries.selection import Selection

BY = ("measure", "leads")


@dataclass(frozen=True, slots=True)
class ScoreSelection:
    """Filters by series, lead band and regime, all optional; and the slices that are told apart."""

    series: Selection
    leads: str | None = None
    regime: str | None = None
    by: tuple[str, ...] = BY

    def scores(self, publication: Publication, ledger: LiveScores | None) -> tuple[Score, ...]:
        """The selected scores of the publication's places, combined. Raises a problem for what there is not."""
        self.series.check(publication)
        seen = [] if ledger is None else list(_within(publication, ledger))
        self._check([score for _, score in seen])
        admits = self.series.predicate(publication.system)
        return combined((score for key, score in seen if admits(key) and self._admits(score)), self.by)

    def _admits(self, score: Score) -> bool:
        return self.leads in (None, score.of.leads) and self.regime in (None, score.of.regime)

    def _check(self, scores: list[Score]) -> None:
        there = {"leads": {score.of.leads for score in scores}, "regime": {score.of.regime for score in scores}}
        wanted = {"leads": self.leads, "regime": self.regime}
        missing = [
            InvalidParameter(
                name, value, one_of(sorted(filter(None, there[name])), value) or "nothing has been scored yet"
            )
            for name, value in wanted.items()
            if value is not None and value not in there[name]
        ]
        if missing:
            raise unknown(*missing)


def read_slices(text: str) -> tuple[str, ...]:
    """Slices of a comma list, in their own order; a series has its measure. Raises a problem for what is none."""
    named = text.split(",")
    strange = [name for name in named if name not in SLICES]
    if strange:
        raise invalid(InvalidParameter("by", text, f"any of {', '.join(SLICES)}, separated by commas"))
    return tuple(name for name in SLICES if name in named or (name == "measure" and "series" in named))


def _within(publication: Publication, ledger: LiveScores) -> Iterable[tuple[SeriesKey, Score]]:
    """The scores of series at places that the publication has: a view of one place sees those of that part alone."""
    keys = {score.of.series: series_key(str(score.of.series)) for score in ledger.scores}
    places = publication.system.place_by_id
    return ((key, score) for score in ledger.scores if (key := keys[score.of.series]).place in places)
