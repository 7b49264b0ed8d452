"""Sampling bands, pictures and the recent error of the accuracy page."""

from dataclasses import replace

import pytest
from scipy.stats import binom

from publication.live_scores import LiveScores
from service.page.accuracy import recent_error
from service.page.accuracy_pictures import SharePoint, calibration_picture, coverage_picture
from service.page.sampling import sampling_band
from tests.builders import build_live_scores, build_publication

PUBLICATION = build_publication(recent_days=1)


@pytest.mark.parametrize("n", [1, 7, 28, 91, 175])
@pytest.mark.parametrize("promised", [0.025, 0.1, 0.5, 0.8, 0.95, 0.975])
def test_a_sampling_band_has_the_quantiles_of_the_binomial(promised: float, n: int) -> None:
    expected = tuple(binom.ppf(tail, n, promised) / n for tail in (0.025, 0.975))
    assert sampling_band(promised, n) == pytest.approx(expected)


def test_the_band_of_ten_tosses_is_what_a_table_says() -> None:
    """Of ten tosses of a fair coin, 2 to 8 heads have a chance of 97.9 %, and 3 to 7 of 89.1 %."""
    assert sampling_band(0.5, 10) == (0.2, 0.8)


def point(share: float | None, publications: int = 28, promised: float = 0.8, label: str = "1") -> SharePoint:
    return SharePoint(label, promised, share, publications)


@pytest.mark.parametrize(("share", "side"), [(0.5, -1), (0.64, -1), (0.65, 0), (0.8, 0), (0.928, 0), (0.93, 1)])
def test_a_share_outside_its_band_is_on_a_side(share: float, side: int) -> None:
    """18 to 26 of 28 are inside: 64.3 % to 92.9 %."""
    assert point(share).side == side


def test_a_dot_outside_its_band_has_another_shape() -> None:
    svg = coverage_picture([point(0.8), point(0.5, label="2"), point(1.0, label="3")], 0.8, "days ahead")
    assert svg.count('<circle class="inside"') == 1
    assert svg.count('<polygon class="outside"') == 2
    assert svg.count('<rect class="band"') == 3
    assert "lowest 50 % (2), highest 100 % (3), promised 80 %. 2 of 3 dots are outside" in svg


@pytest.mark.parametrize("hidden", [point(0.2, publications=6), point(None)])
def test_what_means_nothing_is_not_drawn(hidden: SharePoint) -> None:
    svg = coverage_picture([hidden, point(0.8)], 0.8, "days ahead")
    assert svg.count("<circle") + svg.count("<polygon") == 1


def test_calibration_says_the_farthest_from_the_promise() -> None:
    shares = [point(0.12, promised=0.1), point(0.5, promised=0.5), point(0.7, promised=0.9)]
    svg = calibration_picture(shares)
    assert "farthest from the promise are 70 % where 90 % was promised. 1 of 3 dots" in svg


def test_labels_are_texts_in_a_picture() -> None:
    assert "<script>" not in coverage_picture([point(0.5, label="<script>")], 0.8, "<b>")


def test_many_leads_have_few_labels() -> None:
    svg = coverage_picture([point(0.8, label=f"lead {i}") for i in range(1, 85)], 0.8, "days ahead")
    assert svg.count('text-anchor="middle">lead') == 8
    assert svg.count("<circle") == 84
    assert len(svg) < 25_000


def with_publications(n: int) -> LiveScores:
    built = build_live_scores()
    return replace(built, scores=tuple(score._replace(publications=n) for score in built.scores))


@pytest.mark.parametrize(("place", "nth"), [(None, 27), ("northshire", 27), ("RXH", 3), ("RXK2", 23)])
def test_the_recent_error_is_of_four_weeks_and_a_week_ahead(place: str | None, nth: int) -> None:
    """Of the nth slice the error is n / 2 beds over four weeks, and last week's one and a half times as large."""
    found = recent_error(build_live_scores(), PUBLICATION, place)
    assert found is not None
    assert (found.mae, found.last_week_mae, found.coverage_80) == (nth / 2, 1.5 * nth / 2, 0.75)
    assert found.publications == 20


def test_the_recent_error_in_words() -> None:
    found = recent_error(build_live_scores(), PUBLICATION)
    assert found is not None
    assert (found.error, found.last_week, found.held) == ("14 beds", "20 beds", "75 %")


@pytest.mark.parametrize("live_scores", [None, with_publications(6), replace(build_live_scores(), scores=())])
def test_there_is_no_recent_error_before_there_is_a_week_of_mornings(live_scores: LiveScores | None) -> None:
    assert recent_error(live_scores, PUBLICATION) is None
