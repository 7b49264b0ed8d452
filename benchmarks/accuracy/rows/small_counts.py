"""Counts below ten a day: simulated wards, and discharges of small trusts; WIS against peers, and a randomised PIT."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chisquare

from benchmarks.accuracy.data import Protocol, every_so_many, read_history
from benchmarks.accuracy.peer_runs import run_peer
from benchmarks.accuracy.peers import THREE_YEARS_DAYS, Peer
from benchmarks.accuracy.peers.poisson import PoissonRegressionPeer
from benchmarks.accuracy.peers.statistical import auto_ets
from benchmarks.accuracy.progress import heading, log_progress
from benchmarks.accuracy.requirement import Requirement, at_least, less_than
from benchmarks.accuracy.runner import OURS, ForecastRunner
from benchmarks.accuracy.scoring import mean_of, on_cases_of, row_losses
from benchmarks.accuracy.small_wards import HORIZON, MEANS, MEASURE, WARDS, simulated_wards
from training.backtest.baselines import with_actuals
from training.backtest.run import same_for_every_measure
from training.backtest.scores import mase_scales
from training.models.catalogue import DEFAULT_CANDIDATE
from training.paths.joint import N_PATHS
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster

SEEDS = (1, 2)
CUTOFFS = 26  # two years, a horizon apart: no two of them forecast the same day
TRUSTS = "nhs_discharges"
FIRST_CUTOFF = "2022-10-16"
# The last cutoffs before what is scored ends: a trust begins to count all its wards, and hours are no longer published.
LAST_CUTOFF = {"discharges": "2023-08-27", "by_1700": "2023-05-03", "after_1700": "2023-05-03"}
BELOW_TEN = ("RWP/discharges", "RWP/by_1700", "RWP/after_1700", "RN7/after_1700")
SMALLEST_TRUSTS = tuple(f"{trust}/discharges" for trust in ("RN7", "RWW", "RGP", "RCF", "RN5"))
WEEK_LEADS = 7  # cutoffs are a week apart: these leads share no target day
BELOW, UP_TO = "below", "up_to"
CLASSES = 10
SIGNIFICANT = 0.01
CHANCE_SEED = 20
DRAWS = 99  # of leads and of PITs between their bounds, whose median shows how much one draw says


@dataclass(frozen=True)
class Scored:
    """Forecasts of ours, with the distribution function at the actual, and of peers; all with losses."""

    ours: pd.DataFrame
    peers: dict[str, pd.DataFrame]

    def of(self, unique_ids: Collection[str]) -> "Scored":
        """Those of some series."""
        chosen = {name: rows[rows["unique_id"].isin(unique_ids)] for name, rows in self.peers.items()}
        return Scored(self.ours[self.ours["unique_id"].isin(unique_ids)], chosen)

    def less_than_peers(self, data: str, what: str) -> Requirement:
        """The WIS in counts, below every peer's."""
        return less_than(data, what, mean_of(self.ours, "wis"), {n: mean_of(r, "wis") for n, r in self.peers.items()})


def small_counts(runner: ForecastRunner) -> list[Requirement]:
    """WIS by the mean of a ward, of trusts below ten a day and of the smallest trusts, and whether PITs are uniform."""
    return [*_of_wards(runner), *_of_trusts(runner)]


def _of_wards(runner: ForecastRunner) -> list[Requirement]:
    data = f"Small counts, simulated wards, {len(SEEDS)} seeds"
    scored = [_scored_wards(seed, runner) for seed in SEEDS]
    together = Scored(
        pd.concat(run.ours for run in scored),
        {name: pd.concat(run.peers[name] for run in scored) for name in scored[0].peers},
    )
    ids = {mean: [ward.unique_id for ward in WARDS if ward.mean == mean] for mean in MEANS}
    found = [together.of(ids[mean]).less_than_peers(data, f"WIS, mean {mean:g} a day") for mean in MEANS]
    cases = pd.concat(_independent(run.ours, HORIZON) for run in scored)
    by_mean = {f"mean {mean:g}": uniformity(cases[cases["unique_id"].isin(ids[mean])]) for mean in MEANS}
    return [*found, _uniform(data, cases, by_mean)]


def _of_trusts(runner: ForecastRunner) -> list[Requirement]:
    history = read_history(TRUSTS)
    forecaster, parts = Forecaster(history, HORIZON), []
    for measure, last in LAST_CUTOFF.items():
        cutoffs = every_so_many(list(pd.date_range(FIRST_CUTOFF, last, freq="7D")), runner.options.every)
        parts.append(_scored(forecaster, measure, cutoffs, (*BELOW_TEN, *SMALLEST_TRUSTS), runner))
    peers = {name: pd.concat(part.peers[name] for part in parts) for name in parts[0].peers}
    scored, data = Scored(pd.concat(part.ours for part in parts), peers), "Small counts, NHS discharges"
    small = scored.of(BELOW_TEN)
    smallest = scored.of(SMALLEST_TRUSTS).less_than_peers(data, "WIS, five smallest trusts, 43 to 52 a day")
    cases = _independent(small.ours, WEEK_LEADS)
    draws = [uniformity(_independent(small.ours, WEEK_LEADS, seed), seed) for seed in range(DRAWS)]
    uniform = _uniform(data, cases, {f"median of {DRAWS} draws": float(np.median(draws))})
    return [small.less_than_peers(data, "WIS, below 10 a day"), uniform, smallest]


def _scored_wards(seed: int, runner: ForecastRunner) -> Scored:
    heading(f"small counts: simulated wards, seed {seed}")
    history = simulated_wards(seed)
    last = history.last_complete_day - pd.Timedelta(days=HORIZON)
    cutoffs = every_so_many(list(pd.date_range(end=last, periods=CUTOFFS, freq=f"{HORIZON}D")), runner.options.every)
    return _scored(Forecaster(history, HORIZON), MEASURE, cutoffs, [ward.unique_id for ward in WARDS], runner)


def _scored(
    forecaster: Forecaster, measure: str, cutoffs: list[pd.Timestamp], ids: Collection[str], runner: ForecastRunner
) -> Scored:
    history = forecaster.history
    protocol = Protocol(
        system=history.system.name,
        measure=measure,
        horizon=HORIZON,
        cutoffs=lambda _: cutoffs,
        is_scored=lambda place, _: f"{place}/{measure}" in ids,
    )
    levels, scales = history.system.quantiles, mase_scales(history, cutoffs[0])
    made = _forecasts(forecaster, cutoffs)
    ours = row_losses(made[made["unique_id"].isin(protocol.series(history))], scales, levels)
    peers = {}
    for peer in _peers():
        if runner.options.wants(peer.name):
            rows = run_peer(peer, protocol, history, cutoffs, runner.options.cache).rows
            peers[peer.name] = row_losses(on_cases_of(rows, ours), scales, levels)
    return Scored(ours, peers)


def _peers() -> list[Peer]:
    return [auto_ets(THREE_YEARS_DAYS), PoissonRegressionPeer()]


def _forecasts(forecaster: Forecaster, cutoffs: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """Return what would be published at the cutoffs, with actuals and the distribution function at them."""
    recipe = same_for_every_measure(forecaster, DEFAULT_CANDIDATE)
    forecaster.prepare([DEFAULT_CANDIDATE], cutoffs)
    frames = []
    for cutoff in cutoffs:
        forecast = forecaster.forecast(recipe, cutoff)
        rows = forecast.rows(forecaster.history.system.quantiles)
        frames.append(_with_distribution(with_actuals(forecaster.history, forecast, rows), forecast))
        log_progress(f"{OURS}: {len(frames)} of {len(cutoffs)} cutoffs", len(frames), len(cutoffs))
    return pd.concat(frames, ignore_index=True)


def _with_distribution(rows: pd.DataFrame, forecast: Forecast) -> pd.DataFrame:
    """Return the rows of bottom series with the probabilities of less than the actual, and of at most the actual.

    They are shares of the paths, whose values stand at the levels k / (n + 1).
    """
    position = {unique_id: i for i, unique_id in enumerate(forecast.paths.unique_ids)}
    rows = rows[rows["unique_id"].isin(position)].reset_index(drop=True)
    values = forecast.paths.complete().values[rows["unique_id"].map(position), rows["lead"] - 1]
    actuals = rows["y"].to_numpy(dtype=float)[:, None]
    shares = {BELOW: (values < actuals).sum(axis=1), UP_TO: (values <= actuals).sum(axis=1)}
    return rows.assign(**{name: (count + 0.5) / (N_PATHS + 1) for name, count in shares.items()})


def _independent(rows: pd.DataFrame, last_lead: int, seed: int = CHANCE_SEED) -> pd.DataFrame:
    """One case for each cutoff and series, its lead drawn by lot: their target days do not overlap."""
    ordered = rows[rows["lead"] <= last_lead].sort_values(["cutoff", "unique_id", "lead"])
    return ordered.groupby(["cutoff", "unique_id"]).sample(1, random_state=seed)


def _uniform(data: str, cases: pd.DataFrame, others: dict[str, float]) -> Requirement:
    what = f"PIT uniform: chance of this or worse, {len(cases)} cases"
    return at_least(data, what, uniformity(cases), SIGNIFICANT, others)


def uniformity(cases: pd.DataFrame, seed: int = CHANCE_SEED) -> float:
    """P value of a chi-squared test that the randomised PIT is uniform, in ten equal classes.

    The PIT of a count is drawn between the probabilities of less than it and of at most it (Czado, Gneiting and Held
    2009).
    """
    chance = np.random.default_rng(seed).uniform(size=len(cases))
    below, up_to = cases[BELOW].to_numpy(), cases[UP_TO].to_numpy()
    pits = below + chance * (up_to - below)
    seen = np.bincount((pits * CLASSES).astype(int), minlength=CLASSES)
    return float(chisquare(seen).pvalue)
