"""Hyper-parameters as text, from the objects that forecast."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from statsforecast.models import MSTL, AutoETS

from training.models.arima import CalendarArima
from training.models.catalogue import CATALOGUE, FALLBACK, Combination, LearnedEnsemble
from training.models.hyperparameters import HasSettings, described
from training.models.level import Level
from training.models.statistical import Statistical

SHORT = 200
TREND = AutoETS(model="ZNN")


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (AutoETS(season_length=7, model="ZNZ"), "AutoETS(season_length=7, model='ZNZ')"),
        (AutoETS(season_length=1, model="ZZZ"), "AutoETS()"),
        (MSTL([7], trend_forecaster=TREND), "MSTL(season_length=[7], trend_forecaster=AutoETS(model='ZNN'))"),
        (Ridge(alpha=2.0), "Ridge(alpha=2.0)"),
        ([1, "a"], "[1, 'a']"),
    ],
)
def test_a_model_is_described_without_the_defaults_of_its_library(model: object, text: str) -> None:
    assert described(model) == text


def test_the_arima_of_the_catalogue_is_described_by_the_model_inside() -> None:
    assert described(CalendarArima()).startswith("CalendarArima(AutoARIMA(d=1, max_p=2, max_q=2,")


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_candidate_but_the_fallback_has_short_settings_or_members(name: str) -> None:
    candidate = CATALOGUE[name]
    if isinstance(candidate, HasSettings):
        assert [key for key, value in candidate.settings.items() if not 0 < len(str(value)) < SHORT] == []
    else:
        assert name == FALLBACK or isinstance(candidate, LearnedEnsemble | Combination)


def test_settings_are_those_of_the_candidate_itself() -> None:
    candidate = Statistical(lambda: AutoETS(season_length=7), lookback_days=99)
    assert candidate.settings == {"model": "AutoETS(season_length=7)", "lookback_days": 99}


def test_a_level_shows_its_coefficients_at_the_leads_that_it_has() -> None:
    coefficients = np.zeros((10, 10))
    coefficients[6] = [0.5, 0.25, 0.0, -0.001, -1.0, 0.126, 0.0, 0.0, 0.4, 0.2]  # the last two are of last year
    assert Level(coefficients).fitted_values == {
        "level lead 01": "own 0.00 0.00 0.00 0.00 0.00; pooled 0.00 0.00 0.00 0.00 0.00",
        "level lead 07": "own 0.50 0.25 0.00 0.00 0.40; pooled -1.00 0.13 0.00 0.00 0.20",
    }
