"""Simulated systems, where the true distribution is known: occupancy, parents, and the peak of a week."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmarks.accuracy.data import every_so_many
from benchmarks.accuracy.progress import heading, log_progress
from benchmarks.accuracy.requirement import Requirement, at_least, less_than, within
from benchmarks.accuracy.rows.simulator import DECLARED, DRAWS, LAST_DAY, SEEDS, STABLE, read_simulated
from benchmarks.accuracy.scoring import mean_of, row_losses
from benchmarks.pressure.rivals import quantiles_of, yesterday
from publication.vocabulary import series_key
from training.backtest.baselines import with_actuals
from training.backtest.run import same_for_every_measure
from training.backtest.scores import mase_scales
from training.frames import with_quantiles
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import DEFAULT_CANDIDATE
from training.paths.joint import quantiles
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.simulate.places import nodes
from training.simulate.world import LEVELS, sample_world, true_distribution

HORIZON = 14
CUTOFFS = 52
WEEK = 7
BANDS = ((1, 3), (4, 7), (8, 14))
DIRECT, YESTERDAY, TRUTH, OURS = "AutoETS", "same as yesterday", "the true distribution", "ours"
FLOWS = "FlowBalance alone"
ENDS = (0.1, 0.9)
HALF = 0.5
SHUFFLED = 7  # seed of days made independent
YESTERDAYS = 365


@dataclass
class Made:
    """Loss rows of occupancy of sites by who made them; parents' rows; peaks of a week with the actuals."""

    occupancy: dict[str, list[pd.DataFrame]] = field(default_factory=dict)
    parents: list[pd.DataFrame] = field(default_factory=list)
    peaks: list[pd.DataFrame] = field(default_factory=list)


def simulator(every: int) -> list[Requirement]:
    """The gap to the truth that is closed, parents' coverage, and that of the peak."""
    made = Made()
    for seed in SEEDS:
        _add(made, seed, every)
    rows = {who: pd.concat(f, ignore_index=True) for who, f in made.occupancy.items()}
    return [*_gaps(rows), *_parents(pd.concat(made.parents)), *_peaks(pd.concat(made.peaks))]


def _gaps(rows: Mapping[str, pd.DataFrame]) -> list[Requirement]:
    data, found = f"Simulator, {len(SEEDS)} seeds: occupancy of sites", []
    for first, last in BANDS:
        wis = {who: mean_of(scored_rows, "scaled_wis", first, last) for who, scored_rows in rows.items()}
        closed = (wis[DIRECT] - wis[OURS]) / (wis[DIRECT] - wis[TRUTH])
        over = {f"{who}, over the truth": wis[who] / wis[TRUTH] for who in (OURS, DIRECT, FLOWS, YESTERDAY)}
        found.append(at_least(data, f"share of the gap to the truth closed, leads {first}-{last}", closed, HALF, over))
        rival = {YESTERDAY: wis[YESTERDAY]}
        found.append(
            less_than(data, f"WIS, scaled, leads {first}-{last}", wis[OURS], rival, others={TRUTH: wis[TRUTH]})
        )
    return found


def _parents(rows: pd.DataFrame) -> list[Requirement]:
    what, others = (
        f"80 % interval covers, {len(rows)} cases",
        {"children's intervals added up": _covered(rows, "added up")},
    )
    return [within("Simulator: parents", what, _covered(rows, "ours"), 0.77, 0.83, others)]


def _peaks(rows: pd.DataFrame) -> list[Requirement]:
    what = f"80 % interval of the peak of 7 days covers, {len(rows)} cases"
    others = {"days independent": _covered(rows, "independent")}
    return [within("Simulator: peaks", what, _covered(rows, "ours"), 0.75, 0.85, others)]


def _covered(rows: pd.DataFrame, who: str) -> float:
    return float(((rows[f"{who} low"] <= rows["y"]) & (rows["y"] <= rows[f"{who} high"])).mean())


def _add(made: Made, seed: int, every: int) -> None:
    heading(f"simulator: seed {seed}")
    history = read_simulated(seed)
    last = pd.Timestamp(LAST_DAY) - pd.Timedelta(days=HORIZON)
    cutoffs = every_so_many(list(pd.date_range(end=last, periods=CUTOFFS, freq="7D")), every)
    forecaster, scales = Forecaster(history, HORIZON), mase_scales(history, cutoffs[0])
    world = sample_world(seed, LAST_DAY, STABLE, nodes(STABLE.trusts, STABLE.sites, STABLE.wards))
    forecaster.prepare([DEFAULT_CANDIDATE, DIRECT, "FlowBalance"], cutoffs)
    for done, cutoff in enumerate(cutoffs, start=1):
        forecasts = {
            who: forecaster.forecast(same_for_every_measure(forecaster, name), cutoff)
            for who, name in ((OURS, DEFAULT_CANDIDATE), (DIRECT, DIRECT), (FLOWS, "FlowBalance"))
        }
        ours = forecasts[OURS]
        rows = {who: with_actuals(history, f, f.rows(LEVELS)) for who, f in forecasts.items()}
        rows[TRUTH] = true_distribution(world, cutoff.date(), HORIZON, DRAWS)
        rows[YESTERDAY] = _yesterday(history, cutoff)
        case = _of_sites(rows[OURS], history)[["unique_id", "cutoff", "ds", "y"]]
        for who, of_all in rows.items():
            same = case.merge(of_all.drop(columns="y"), on=["unique_id", "cutoff", "ds"], validate="one_to_one")
            made.occupancy.setdefault(who, []).append(row_losses(same, scales, LEVELS))
        made.parents.append(_parents_of(ours, rows[OURS]))
        made.peaks.append(_peaks_of(ours, case))
        log_progress(f"seed {seed}: {done} of {len(cutoffs)} cutoffs", done, len(cutoffs))


def _of_sites(rows: pd.DataFrame, history: PointInTimeHistory) -> pd.DataFrame:
    keys = rows["unique_id"].map(series_key)
    is_site = keys.map(lambda key: key.measure == "occupancy" and not history.system.children(key.place))
    return rows[is_site & rows["y"].notna()]


def _yesterday(history: PointInTimeHistory, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Yesterday's occupancy with its errors of the last year, of the sites."""
    known = history.as_of(cutoff).tail(YESTERDAYS)
    known = known[[i for i in known.columns if series_key(i).measure == "occupancy"]]
    values = np.concatenate([quantiles_of(by_lead, LEVELS) for by_lead in yesterday(known, HORIZON)])
    rows = pd.DataFrame(
        {
            "unique_id": np.repeat(known.columns.to_numpy(), HORIZON),
            "cutoff": cutoff,
            "ds": np.tile(pd.date_range(cutoff + pd.Timedelta(days=1), periods=HORIZON), known.shape[1]),
            "lead": np.tile(np.arange(1, HORIZON + 1), known.shape[1]),
            "y": np.nan,
            "mean": values[:, LEVELS.index(0.5)],
        }
    )
    return with_quantiles(rows, values, LEVELS)


def _parents_of(forecast: Forecast, rows: pd.DataFrame) -> pd.DataFrame:
    """Intervals of parents as published, and as their bottom series' intervals add up; what is not declared ahead."""
    ids, n_bottom = list(forecast.means.columns), len(forecast.parts)
    ends = [LEVELS.index(level) for level in ENDS]
    added = np.einsum("bs,bhe->she", forecast.parts.to_numpy(), forecast.quantiles[:n_bottom][:, :, ends])
    actual = rows["y"].to_numpy().reshape(len(ids), -1)
    chosen = [i for i in range(n_bottom, len(ids)) if series_key(ids[i]).measure != DECLARED]
    low, high = (forecast.quantiles[chosen][:, :, end].ravel() for end in ends)
    low_sum, high_sum = (added[chosen][:, :, end].ravel() for end in range(2))
    columns = {"ours low": low, "ours high": high, "added up low": low_sum, "added up high": high_sum}
    return pd.DataFrame({**columns, "y": actual[chosen].ravel()}).dropna()


def _peaks_of(forecast: Forecast, case: pd.DataFrame) -> pd.DataFrame:
    """The interval of each site's highest census of a week, from paths, and from the same with independent days."""
    rng, of_all = np.random.default_rng(SHUFFLED), forecast.paths.complete()
    rows = []
    for unique_id, days in case.groupby("unique_id"):
        first = days.sort_values("ds").head(WEEK)
        paths = of_all.values[of_all.unique_ids.index(str(unique_id))][:WEEK]
        alone = rng.permuted(paths, axis=1)
        ends = [quantiles(values.max(axis=0), ENDS) for values in (paths, alone)]
        rows.append((*ends[0], *ends[1], first["y"].max() if len(first) == WEEK else np.nan))
    names = ["ours low", "ours high", "independent low", "independent high", "y"]
    return pd.DataFrame(rows, columns=names).dropna()
