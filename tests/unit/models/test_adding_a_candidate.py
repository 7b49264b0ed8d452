"""Adding a candidate takes ten lines: those of docs/explanation/method.md, run as written."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, four_sites
from training.models.catalogue import CATALOGUE, candidate_names
from training.pipeline.forecaster import Forecaster

METHOD = Path(__file__).parents[3] / "docs" / "explanation" / "method.md"
MOST_LINES = 10
BEFORE = list(CATALOGUE)


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names in the catalogue after the lines of the page have run; the change is undone afterwards."""
    for name, candidate in list(CATALOGUE.items()):
        monkeypatch.setitem(CATALOGUE, name, candidate)
    blocks = re.findall(r"```python\n(.*?)```", METHOD.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 1
    assert len(blocks[0].splitlines()) <= MOST_LINES
    for name in re.findall(r'CATALOGUE\["(\w+)"\]', blocks[0]):
        monkeypatch.setitem(CATALOGUE, name, CATALOGUE["SeasonalNaive"])  # so that it is taken out again
    exec(compile(blocks[0], str(METHOD), "exec"), {})
    return list(CATALOGUE)


def test_the_lines_of_the_page_add_candidates_that_forecast(catalogue: list[str]) -> None:
    added = [name for name in catalogue if name not in BEFORE]
    assert added == ["Theta", "ThetaRidge"]
    assert candidate_names("theta") == ["Theta"]
    table = four_sites(120)
    forecaster = Forecaster(build_history(table), 7)
    for name in added:
        forecast = forecaster.forecast({"attendances": name}, pd.Timestamp(table.index[-1]))
        assert forecast.reasons == {}
        assert forecast.models["A/attendances"] == name
        recent = table["B/attendances"].tail(56).mean()
        assert np.mean(forecast.means["B/attendances"]) == pytest.approx(recent, rel=0.1)


def test_the_catalogue_is_as_it_was() -> None:
    assert list(CATALOGUE) == BEFORE
