"""Live scores of what was issued before two places merged, by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from publication.live_scores import combined
from publication.model import Champion, DayForecast, Publication, SeriesForecast
from publication.vocabulary import series_key
from tests.unit.pipeline.histories import build_history, build_system
from training.monitoring.scoring import score_issued
from training.system.model import OpeningPeriod, SystemContext

SYSTEM = replace(
    build_system({"T": "north", "A": "T", "B": "T", "M": "T", "C": "north"}, horizon_days=7), quantiles=(0.1, 0.5, 0.9)
)
WEEK = np.array([0.0, 3.0, 1.0, 4.0, 2.0, 6.0, 5.0])
DAYS = pd.date_range("2022-01-03", periods=70, freq="D", name="ds")
OPENED = date(2022, 3, 7)
EVE = OPENED - timedelta(days=1)
LAST = DAYS[-1].date()
CONTEXT = SystemContext(
    opening_periods={
        "A": OpeningPeriod(last=EVE),
        "B": OpeningPeriod(last=EVE),
        "M": OpeningPeriod(OPENED, succeeds=("A", "B")),
    }
)
SCORED_AT = datetime(2022, 4, 1, tzinfo=UTC)


def truth(level: float, growth: float) -> pd.Series:
    """A week that repeats, and grows by the same number every week."""
    return pd.Series(level + growth * np.repeat(np.arange(10), 7) + np.tile(WEEK, 10), DAYS)


A, B, C = truth(20.0, 2.0), truth(50.0, 5.0), truth(70.0, 1.0)
IS_MERGED = pd.Timestamp(OPENED) <= DAYS
HISTORY = build_history(
    pd.DataFrame(
        {
            "A/attendances": A.mask(IS_MERGED),
            "B/attendances": B.mask(IS_MERGED),
            "M/attendances": (A + B).where(IS_MERGED),
            "C/attendances": C,
        }
    ),
    SYSTEM,
    CONTEXT,
)
COUNTS = {"A": A, "B": B, "C": C, "M": A + B, "T": A + B, "north": A + B + C}


def issued(cutoff: date, off: dict[str, float]) -> Publication:
    """A publication of some places, whose every mean and quantile is so much above the actual."""

    def series(place: str) -> SeriesForecast:
        days = [cutoff + timedelta(days=lead) for lead in range(1, 8)]
        values = [float(COUNTS[place][pd.Timestamp(day)]) + off[place] if day <= LAST else 0.0 for day in days]
        made = tuple(
            DayForecast(d, i, v, (v, v, v)) for i, (d, v) in enumerate(zip(days, values, strict=True), start=1)
        )
        return SeriesForecast(series_key(f"{place}/attendances"), "patients", "any", False, recent=(), days=made)

    return Publication(SYSTEM, cutoff, SCORED_AT, Champion("north", 1, "r"), "d", tuple(map(series, off)))


BEFORE = issued(EVE - timedelta(days=2), {"A": 4.0, "B": 5.0, "C": 1.0, "T": 9.0, "north": 16.0})
AFTER = issued(OPENED, {"M": 21.0, "C": 2.0, "T": 21.0, "north": 24.0})


def found_of(*publications: Publication) -> dict[str, tuple[int, float | None, float | None]]:
    """Return by series the number of rows, the MAE and the MASE."""
    scores = score_issued(iter(publications), HISTORY, publications[0].cutoff, LAST, SCORED_AT)
    assert scores is not None
    return {
        str(score.of.series).split("/")[0]: (score.n, score.losses.mae, score.losses.mase)
        for score in combined(scores.scores, ("series",))
        if score.of.weeks == 13
    }


def test_former_places_are_scored_until_they_merged_and_their_sums_beyond() -> None:
    """A and B grow by 2 and 5 a week, so their sums by 7 and 8: those are the scales."""
    assert found_of(BEFORE) == {
        "A": (2, 4.0, 2.0), "B": (2, 5.0, 1.0), "C": (7, 1.0, 1.0), "T": (7, 9.0, 9 / 7), "north": (7, 16.0, 2.0)
    }  # fmt: skip


def test_the_merged_place_is_scored_too_with_the_scale_of_its_history() -> None:
    found = found_of(BEFORE, AFTER)
    assert found["M"] == (6, 21.0, 3.0)
    assert found["A"] == (2, 4.0, 2.0)
    assert found["C"] == (13, (7 * 1.0 + 6 * 2.0) / 13, (7 * 1.0 + 6 * 2.0) / 13)
