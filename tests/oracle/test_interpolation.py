"""Interpolation of gaps against pandas, column by column."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.frames import interpolated

NAN = float("nan")
SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 4))


@given(SHAPES.flatmap(lambda shape: arrays(float, shape, elements=st.one_of(st.just(NAN), st.floats(-1e6, 1e6)))))
def test_gaps_are_filled_as_pandas_does(values: np.ndarray) -> None:
    pandas = pd.DataFrame(values).interpolate(method="linear", limit_direction="both").to_numpy()
    np.testing.assert_allclose(interpolated(values), pandas, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "filled"),
    [([1, NAN, NAN, 4], [1, 2, 3, 4]), ([NAN, 5, NAN], [5, 5, 5]), ([NAN, NAN], [NAN, NAN]), ([7], [7])],
)
def test_by_hand(given: list[float], filled: list[float]) -> None:
    np.testing.assert_array_equal(interpolated(np.array(given, float)[:, None])[:, 0], filled)
