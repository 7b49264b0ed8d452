"""Selection of scores by a request."""

from dataclasses import replace

import pytest

from publication.live_scores import LiveScores
from service.errors import UnknownValueError
from service.queries.selection import EVERYTHING, ScoreSelection
from tests.builders import build_live_scores, build_publication

BUILT = build_live_scores()
OPENED = "from 2026-10-01"
LIVE_SCORES: LiveScores = replace(
    BUILT,
    scores=tuple(
        score._replace(of=score.of._replace(regime=OPENED)) if score.of.series == "RXH1/beds" else score
        for score in BUILT.scores
    ),
)
PUBLICATION = build_publication(recent_days=1)


@pytest.mark.parametrize(
    ("regime", "leads", "expected"),
    [
        (None, None, sum(score.n for score in BUILT.scores)),
        (OPENED, None, sum(score.n for score in BUILT.scores if score.of.series == "RXH1/beds")),
        ("stable", None, sum(score.n for score in BUILT.scores if score.of.series != "RXH1/beds")),
        (OPENED, "08-14", next(s.n for s in BUILT.scores if s.of[:3] == ("RXH1/beds", "beds", "08-14"))),
    ],
)
def test_regimes_and_lead_bands_are_filters(regime: str | None, leads: str | None, expected: int) -> None:
    [score] = ScoreSelection(EVERYTHING, leads, regime, by=()).scores(PUBLICATION, LIVE_SCORES)
    assert score.n == expected


def test_an_unknown_regime_is_rejected_with_those_that_exist() -> None:
    with pytest.raises(UnknownValueError, match=f"regime was 'winter'; allowed: {OPENED}, stable"):
        ScoreSelection(EVERYTHING, regime="winter").scores(PUBLICATION, LIVE_SCORES)


def test_regimes_have_rows_of_their_own_on_request() -> None:
    found = ScoreSelection(EVERYTHING, by=("regime",)).scores(PUBLICATION, LIVE_SCORES)
    assert [score.of.regime for score in found] == [OPENED, "stable"]
