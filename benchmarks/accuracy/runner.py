"""Forecasts that rows share: histories are read once, ours are made once, peers are run once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pandas as pd

from benchmarks.accuracy.data import PROTOCOLS, every_so_many, read_history
from benchmarks.accuracy.peer_runs import PeerForecasts, run_peer
from benchmarks.accuracy.peers import Peer, in_the_race, on_all_cutoffs
from benchmarks.accuracy.progress import heading
from benchmarks.accuracy.scoring import on_cases_of, row_losses
from training.backtest.run import backtest_candidate
from training.backtest.scores import mase_scales
from training.history.point_in_time import PointInTimeHistory
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecaster import Forecaster

RACE_EVERY = 4  # of the cutoffs: those at which slow peers are run
OURS = "ours"


@dataclass(frozen=True)
class Options:
    """`every`: only every so many of all cutoffs, to try things. `peers`: names of those to run, None for all."""

    every: int = 1
    peers: Sequence[str] | None = None
    cache: Path | None = None

    def wants(self, peer: str) -> bool:
        return self.peers is None or peer in self.peers


@dataclass(frozen=True)
class Race:
    """Forecasts of ours and of peers at the same cutoffs with their losses, and the wall seconds that each took."""

    rows: dict[str, pd.DataFrame] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class ForecastRunner:
    """Forecasts of the named protocols, with their losses."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.history = lru_cache(maxsize=None)(read_history)
        self.ours = lru_cache(maxsize=None)(self._ours)
        self.without_holidays = lru_cache(maxsize=None)(self._without_holidays)

    def cutoffs(self, name: str) -> list[pd.Timestamp]:
        """The protocol's cutoffs, or every so many of them."""
        protocol = PROTOCOLS[name]
        return every_so_many(protocol.cutoffs(self.history(protocol.system)), self.options.every)

    def candidates(self, name: str, candidates: Sequence[str]) -> dict[str, pd.DataFrame]:
        """Return the forecasts that each of the candidates would have published."""
        forecaster, found = self._forecaster(name), {}
        for candidate in candidates:
            heading(f"{name}: {candidate} alone")
            found[candidate] = self._row_losses(name, backtest_candidate(forecaster, self.cutoffs(name), candidate))
        return found

    def peers(self, name: str) -> dict[str, pd.DataFrame]:
        """The peers that are run at every cutoff of the protocol, scored on the cases that ours has."""
        ours = self.ours(name)
        wanted = [peer for peer in on_all_cutoffs(name) if self.options.wants(peer.name)]
        forecasts = {peer.name: self._run_peer(name, peer, self.cutoffs(name)).rows for peer in wanted}
        return {peer: self._row_losses(name, on_cases_of(rows, ours)) for peer, rows in forecasts.items()}

    def race(self, name: str) -> Race:
        """Ours and the slow peers at every fourth cutoff, each timed from a known history to quantiles."""
        cutoffs, protocol = every_so_many(self.cutoffs(name), RACE_EVERY), PROTOCOLS[name]
        heading(f"{name}: ours, timed at {len(cutoffs)} cutoffs")
        # A new history: a cached one would not be timed. It has the measure that peers forecast, and no other.
        history = read_history(protocol.system, measure=protocol.measure)
        began = time.perf_counter()
        made = backtest_candidate(Forecaster(history, protocol.horizon), cutoffs, DEFAULT_CANDIDATE)
        race = Race(seconds={OURS: time.perf_counter() - began})
        race.rows[OURS] = self._row_losses(name, made)
        for peer in in_the_race():
            if self.options.wants(peer.name):
                answered = self._run_peer(name, peer, cutoffs)
                race.rows[peer.name] = self._row_losses(name, on_cases_of(answered.rows, race.rows[OURS]))
                race.seconds[peer.name] = answered.seconds
        return race

    def _ours(self, name: str) -> pd.DataFrame:
        heading(f"{name}: ours at {len(self.cutoffs(name))} cutoffs")
        return self._row_losses(name, backtest_candidate(self._forecaster(name), self.cutoffs(name), DEFAULT_CANDIDATE))

    def _without_holidays(self, name: str) -> pd.DataFrame:
        """The same pipeline for a system that has no bank holidays; the actuals are those of `ours`."""
        heading(f"{name}: the same without holiday features")
        protocol = PROTOCOLS[name]
        forecaster = Forecaster(self.history(protocol.system, holidays=False), protocol.horizon)
        made = backtest_candidate(forecaster, self.cutoffs(name), DEFAULT_CANDIDATE)
        return self._row_losses(name, on_cases_of(made.drop(columns="y"), self.ours(name)))

    def _forecaster(self, name: str) -> Forecaster:
        return Forecaster(self.history(PROTOCOLS[name].system), PROTOCOLS[name].horizon)

    def _run_peer(self, name: str, peer: Peer, cutoffs: Sequence[pd.Timestamp]) -> PeerForecasts:
        heading(f"{name}: {peer.name} at {len(cutoffs)} cutoffs")
        return run_peer(peer, PROTOCOLS[name], self.history(PROTOCOLS[name].system), cutoffs, self.options.cache)

    def _row_losses(self, name: str, forecasts: pd.DataFrame) -> pd.DataFrame:
        protocol = PROTOCOLS[name]
        history: PointInTimeHistory = self.history(protocol.system)
        scored = forecasts[forecasts["unique_id"].isin(protocol.series(history))]
        scales = mase_scales(history, protocol.cutoffs(history)[0])
        return row_losses(scored, scales, history.system.quantiles)
