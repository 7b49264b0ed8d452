"""Chances to pass a threshold at real hospitals: Brier scores compared with those of rivals, and reliability."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from benchmarks.accuracy.data import PROTOCOLS, every_so_many, read_history
from benchmarks.accuracy.progress import heading, log_progress
from benchmarks.accuracy.requirement import Requirement, at_most, less_than, within
from benchmarks.pressure.rivals import Values, climatology, normal, yesterday
from publication.pressure import chance_over, headroom_levels
from training.backtest.run import same_for_every_measure
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.pipeline.pressure import headroom

LEADS = 7
FEWEST_IN_BIN = 100
BINS = 10
LARGEST_GAP = 0.08
CLIMATOLOGY, YESTERDAY, AUTO_ETS = "climatology of the place", "same as yesterday", "AutoETS, normal"
ADDED = "trusts' intervals added up"
NARROWER = 0.1  # than those: clearly
CASE = ["place", "cutoff", "lead"]


@dataclass(frozen=True)
class PressureCase:
    """A protocol's system, what of it is scored, and the thresholds; `every_day` of the protocol's time, or weekly."""

    protocol: str
    data: str
    thresholds: tuple[float, float]
    every_day: bool


WINTER = PressureCase("winter", "NHS winter 2021-22, trusts with beds", (0.92, 0.95), every_day=True)
GERMANY = PressureCase("germany", "Germany's intensive care, states", (0.85, 0.90), every_day=False)


@dataclass(frozen=True)
class Chances:
    """One row for each place, cutoff and lead: the actual `rate`, and the chance of each threshold by forecaster.

    `totals` has the root's 80 % interval of occupancy, the sum of its places' intervals, and the actuals.
    """

    chances: pd.DataFrame
    totals: pd.DataFrame


def winter(every: int) -> list[Requirement]:
    """The winter's chances, and England's interval."""
    found = _forecast_chances(WINTER, every)
    return [*_chances(WINTER, found.chances), *_total(found.totals)]


def germany(every: int) -> list[Requirement]:
    """The chances of Germany's states."""
    return _chances(GERMANY, _forecast_chances(GERMANY, every).chances)


def reliability(chances: pd.Series, happened: pd.Series) -> pd.DataFrame:
    """By tenth of the chance: how many cases, the mean chance, and the share that happened."""
    tenth = np.minimum((chances * BINS).astype(int), BINS - 1)
    bins = pd.DataFrame({"tenth": tenth, "chance": chances, "share": happened})
    return bins.groupby("tenth").agg(cases=("share", "size"), chance=("chance", "mean"), share=("share", "mean"))


def _chances(of: PressureCase, chances: pd.DataFrame) -> list[Requirement]:
    found = []
    for threshold in of.thresholds:
        happened = (chances["rate"] > threshold).astype(float)
        rows = chances[[f"{who} {threshold}" for who in ("ours", CLIMATOLOGY, YESTERDAY, AUTO_ETS)]]
        brier = ((rows.sub(happened, axis=0)) ** 2)[rows.notna().all(axis=1)].mean()
        rivals = {who: float(brier[f"{who} {threshold}"]) for who in (CLIMATOLOGY, YESTERDAY, AUTO_ETS)}
        what = f"Brier score of P(rate > {threshold}), leads 1-{LEADS}, {rows.notna().all(axis=1).sum()} cases"
        found.append(less_than(of.data, what, float(brier[f"ours {threshold}"]), rivals))
        bins = reliability(chances[f"ours {threshold}"], happened)
        print(f"{of.data}, P(rate > {threshold})\n{bins.round(3).T.to_string()}", flush=True)
        full = bins[bins["cases"] >= FEWEST_IN_BIN]
        gap = float((full["share"] - full["chance"]).abs().max())
        found.append(at_most(of.data, f"P(rate > {threshold}): largest gap of a tenth", gap, LARGEST_GAP, {}))
    return found


def _total(totals: pd.DataFrame) -> list[Requirement]:
    low, high = ({who: totals[f"{who} {end}"] for who in ("ours", "sum")} for end in ("low", "high"))
    inside = {who: float(totals["y"].between(low[who], high[who]).mean()) for who in low}
    width = {who: float((high[who] - low[who]).mean()) for who in low}
    covers = f"80 % interval of occupied beds covers, {len(totals)} days"
    return [
        within("England", covers, inside["ours"], 0.72, 0.88, {ADDED: inside["sum"]}),
        less_than("England", "width of the 80 % interval, beds", width["ours"], {ADDED: width["sum"]}, by=NARROWER),
    ]


def _forecast_chances(of: PressureCase, every: int) -> Chances:
    protocol = PROTOCOLS[of.protocol]
    history = read_history(protocol.system)
    weekly = protocol.cutoffs(history)
    cutoffs = list(pd.date_range(weekly[0], weekly[-1], freq="D")) if of.every_day else weekly
    cutoffs = every_so_many(cutoffs, every)
    heading(f"{of.data}: {len(cutoffs)} cutoffs")
    forecaster = Forecaster(history, LEADS)
    recipe = same_for_every_measure(forecaster, DEFAULT_CANDIDATE)
    forecaster.prepare([DEFAULT_CANDIDATE], cutoffs)
    rates, frames, totals = _rates(history.latest), [], []
    for done, cutoff in enumerate(cutoffs, start=1):
        forecast = forecaster.forecast(recipe, cutoff)
        past = _rates(history.as_of(cutoff))
        ours = _ours(forecast, history, of.thresholds)
        frames.append(ours.merge(_rivals(past, cutoff, of.thresholds), on=CASE, how="left"))
        totals.append(_totals(forecast, history))
        log_progress(f"chances: {done} of {len(cutoffs)} cutoffs", done, len(cutoffs))
    chances = pd.concat(frames, ignore_index=True)
    days = chances["cutoff"] + pd.to_timedelta(chances["lead"], unit="D")
    position = rates.columns.get_indexer(pd.Index(chances["place"])), rates.index.get_indexer(pd.Index(days))
    actual = np.where((position[0] < 0) | (position[1] < 0), np.nan, rates.to_numpy()[position[1], position[0]])
    chances = chances.assign(rate=actual)
    return Chances(chances[chances["rate"].notna()].reset_index(drop=True), pd.concat(totals).dropna())


def _ours(forecast: Forecast, history: PointInTimeHistory, thresholds: Sequence[float]) -> pd.DataFrame:
    """Of bottom places: what would be published, read as the service reads it."""
    levels = headroom_levels(history.system)
    rows = [
        (of.place, forecast.cutoff, lead, *(chance_over(levels, left, beds, t) for t in thresholds))
        for of in headroom(forecast, history)
        if not history.system.children(of.place)
        for lead, (beds, left) in enumerate(zip(of.beds, of.headroom, strict=True), start=1)
    ]
    return pd.DataFrame(rows, columns=[*CASE, *(f"ours {t}" for t in thresholds)])


def _rivals(past: pd.DataFrame, cutoff: pd.Timestamp, thresholds: Sequence[float]) -> pd.DataFrame:
    means, deviations = normal(past, LEADS, os.cpu_count() or 1)
    samples, n_series = yesterday(past, LEADS), past.shape[1]
    columns: dict[str, object] = {
        "place": np.repeat(past.columns.to_numpy(), LEADS),
        "cutoff": cutoff,
        "lead": np.tile(np.arange(1, LEADS + 1), n_series),
    }
    for t in thresholds:
        columns[f"{CLIMATOLOGY} {t}"] = np.repeat(climatology(past, t), LEADS)
        columns[f"{YESTERDAY} {t}"] = [_share_above(s, t) for by_lead in samples for s in by_lead]
        columns[f"{AUTO_ETS} {t}"] = norm.sf((t - means) / np.maximum(deviations, 1e-9)).ravel()
    return pd.DataFrame(columns)


def _share_above(sample: Values, threshold: float) -> float:
    return float((sample > threshold).mean()) if len(sample) else np.nan


def _totals(forecast: Forecast, history: PointInTimeHistory) -> pd.DataFrame:
    """The root's interval of occupancy, the sum of those of the places that make it up, and the actuals."""
    root, levels = f"{history.system.name}/occupancy", list(history.system.quantiles)
    ends, ids = [levels.index(0.1), levels.index(0.9)], list(forecast.means.columns)
    parts = [ids.index(i) for i in forecast.parts.index[forecast.parts[root] > 0]]
    ours = forecast.quantiles[ids.index(root)][:, ends]
    added = forecast.quantiles[parts][:, :, ends].sum(axis=0)
    actuals = history.latest.reindex(columns=forecast.parts.index[forecast.parts[root] > 0])
    y = actuals.reindex(pd.DatetimeIndex(forecast.means.index)).sum(axis=1, min_count=len(parts))
    columns = {"ours low": ours[:, 0], "ours high": ours[:, 1], "sum low": added[:, 0], "sum high": added[:, 1]}
    return pd.DataFrame({**columns, "y": y.to_numpy()})


def _rates(counts: pd.DataFrame) -> pd.DataFrame:
    """The occupancy rate (n_days, n_places) of every place that counts both."""
    places = [str(i).removesuffix("/occupancy") for i in counts.columns if str(i).endswith("/occupancy")]
    both = [place for place in places if f"{place}/beds" in counts.columns]
    beds = counts[[f"{place}/beds" for place in both]].set_axis(both, axis=1)
    return counts[[f"{place}/occupancy" for place in both]].set_axis(both, axis=1) / beds.where(beds > 0)
