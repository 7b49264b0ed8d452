"""Regressions for counts: properties in addition to the contract of every candidate."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, counts
from training.models.candidate import ForecastRequest
from training.models.catalogue import CATALOGUE, Combination, LearnedEnsemble
from training.models.regression import LogLagPoisson

COUNTED = ("PoissonRegressor", "HistGradientBoosting")


@pytest.mark.parametrize("name", COUNTED)
def test_means_of_small_counts_are_unbiased_and_never_negative(name: str) -> None:
    days = 300
    table = pd.DataFrame({f"{place}/attendances": counts(days, 1.5, seed) for seed, place in enumerate("ABCD")})
    cutoff = pd.Timestamp(table.index[-1])
    candidate = CATALOGUE[name]
    assert not isinstance(candidate, Combination | LearnedEnsemble)
    means = candidate.forecast(ForecastRequest(build_history(table), [cutoff], 28)).by_cutoff[cutoff]
    assert (means >= 0).all(axis=None)
    assert means.to_numpy().mean() == pytest.approx(1.5, rel=0.2)


def test_recursive_means_do_not_explode() -> None:
    """A series ten times above its level returns or stays; plain lags in an exponential would explode."""
    rng = np.random.default_rng(1)
    past = pd.DataFrame({"lag1": rng.gamma(20, 1 / 20, 500)})
    model = LogLagPoisson(alpha=1e-3, max_iter=300).fit(past, past["lag1"] * rng.gamma(50, 1 / 50, 500))
    value = 10.0
    for _ in range(84):
        value = float(model.predict(pd.DataFrame({"lag1": [value]}))[0])
    assert 0.1 < value < 12
