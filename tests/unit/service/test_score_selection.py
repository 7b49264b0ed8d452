"""Selection of scores by a request."""

from dataclasses import replace

import pytest

from publication.live_scores import LiveScores, Score
from service.errors import InvalidParameterError, UnknownValueError
from service.publications.restriction import restrict_to_place
from service.queries.selection import EVERYTHING, POOLED_SLICINGS, ScoreSelection, read_slices
from tests.builders import build_live_scores, build_publication

BUILT = build_live_scores()
ALL_WEEKS = [score for score in BUILT.scores if score.of.weeks == 13]
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
        (None, None, sum(score.n for score in ALL_WEEKS)),
        (OPENED, None, sum(score.n for score in ALL_WEEKS if score.of.series == "RXH1/beds")),
        ("stable", None, sum(score.n for score in ALL_WEEKS if score.of.series != "RXH1/beds")),
        (OPENED, "08-14", next(s.n for s in ALL_WEEKS if s.of[:3] == ("RXH1/beds", "beds", "08-14"))),
    ],
)
def test_regimes_and_lead_bands_are_filters(regime: str | None, leads: str | None, expected: int) -> None:
    [score] = ScoreSelection(EVERYTHING, leads, regime, by=()).scores(PUBLICATION, LIVE_SCORES)
    assert score.n == expected


def test_weeks_are_13_without_a_choice_and_never_mixed() -> None:
    n = {weeks: ScoreSelection(EVERYTHING, by=(), weeks=weeks).scores(PUBLICATION, BUILT)[0].n for weeks in (4, 13)}
    assert n == {weeks: sum(score.n for score in BUILT.scores if score.of.weeks == weeks) for weeks in (4, 13)}
    assert ScoreSelection(EVERYTHING, by=()).scores(PUBLICATION, BUILT)[0].n == n[13]


def test_an_unknown_regime_is_rejected_with_those_that_exist() -> None:
    with pytest.raises(UnknownValueError, match=f"regime was 'winter'; allowed: {OPENED}, stable"):
        ScoreSelection(EVERYTHING, regime="winter").scores(PUBLICATION, LIVE_SCORES)


def test_regimes_have_rows_of_their_own_on_request() -> None:
    found = ScoreSelection(EVERYTHING, by=("regime",)).scores(PUBLICATION, LIVE_SCORES)
    assert [score.of.regime for score in found if isinstance(score, Score)] == [OPENED, "stable"]


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("series,leads", ("series", "measure", "leads")),
        ("leads", ("leads",)),
        ("lead", ("measure", "lead")),
        ("lead,measure", ("measure", "lead")),
        ("champion", ("measure", "lead", "champion")),
        ("quantile", ("measure", "quantile")),
    ],
)
def test_a_slice_implies_those_that_it_is_stored_by(text: str, by: tuple[str, ...]) -> None:
    assert read_slices(text) == by


@pytest.mark.parametrize("text", ["series,lead", "leads,lead", "champion,quantile", "regime,quantile", "lead,"])
def test_slices_of_all_places_together_combine_with_no_other(text: str) -> None:
    with pytest.raises(InvalidParameterError, match="of all places together"):
        read_slices(text)


def test_a_view_of_one_place_sees_no_scores_of_all_places_together() -> None:
    view = restrict_to_place(PUBLICATION, "RXH")
    for by in POOLED_SLICINGS:
        assert ScoreSelection(EVERYTHING, by=by).scores(PUBLICATION, BUILT)
        assert ScoreSelection(EVERYTHING, by=by).scores(view, BUILT) == ()
