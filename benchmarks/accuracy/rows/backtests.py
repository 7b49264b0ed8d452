"""The four real systems by their protocols, compared with statistical peers and simple references."""

from collections.abc import Mapping

import pandas as pd

from benchmarks.accuracy.data import REAL_DATA
from benchmarks.accuracy.requirement import Requirement, at_most, less_than, within
from benchmarks.accuracy.runner import OURS, ForecastRunner
from benchmarks.accuracy.scoring import mean_of
from training.models.catalogue import CATALOGUE, FALLBACK

MASE_BARS = {7: 0.655, 28: 0.670, 84: 0.690}
COVERS_80, COVERS_95 = (0.78, 0.82), (0.935, 0.965)
COVERS = (0.77, 0.83)
LEAD_BANDS = ((1, 7), (8, 28))
PUBLISHED = REAL_DATA / "swast_ambulance" / "published_vs_snaive_summary.csv"
ScoredRows = Mapping[str, pd.DataFrame]


def swast(runner: ForecastRunner) -> list[Requirement]:
    """The published protocol: means over the regions, cutoffs and days 1 to h."""
    data, published = "SWAST, published protocol", pd.read_csv(PUBLISHED).mean(numeric_only=True)
    ours, peers = runner.ours("swast"), runner.peers("swast") | runner.candidates("swast", (FALLBACK,))
    found = []
    for h, bar in MASE_BARS.items():
        theirs = {"published": float(published[f"pub_MASE_h{h}"])} | means(peers, "mase", 1, h)
        found.append(at_most(data, f"MASE, {h} days", mean_of(ours, "mase", 1, h), bar, theirs))
    for percent, (low, high) in ((80, COVERS_80), (95, COVERS_95)):
        for h in MASE_BARS:
            name = f"covers_{percent}"
            theirs = means(peers, name, 1, h)
            if f"pub_cov{percent}_h{h}" in published:
                theirs = {"published": float(published[f"pub_cov{percent}_h{h}"])} | theirs
            what = f"{percent} % covers, {h} days"
            found.append(within(data, what, mean_of(ours, name, 1, h), low, high, theirs))
    return found


def portugal(runner: ForecastRunner) -> list[Requirement]:
    """104 weekly cutoffs, regions and the country."""
    ours = runner.ours("portugal")
    singles = means(runner.candidates("portugal", single_candidates()), "mase")
    return [
        *below(runner, "portugal", "Portugal", 0.10),
        less_than("Portugal", "MASE", mean_of(ours, "mase"), singles, others=means(runner.peers("portugal"), "mase")),
        *coverage(runner, "portugal", "Portugal"),
    ]


def germany(runner: ForecastRunner) -> list[Requirement]:
    """104 weekly cutoffs, states and the country, occupied beds."""
    return [*below(runner, "germany", "Germany ICU", 0.13), *coverage(runner, "germany", "Germany ICU")]


def winter(runner: ForecastRunner) -> list[Requirement]:
    """The second winter, trusts, occupied beds."""
    data, ours, peers = "NHS winter 2021-22", runner.ours("winter"), runner.peers("winter")
    named = {"MASE": "mase", "WIS, scaled": "scaled_wis", "WIS, beds": "wis"}
    losses = [less_than(data, what, mean_of(ours, loss), means(peers, loss)) for what, loss in named.items()]
    return [*losses, *coverage(runner, "winter", data)]


def single_candidates() -> list[str]:
    """All of the catalogue that combine no others."""
    return [name for name, made in CATALOGUE.items() if not hasattr(made, "members")]


def below(runner: ForecastRunner, name: str, data: str, by: float) -> list[Requirement]:
    """WIS against AutoETS, each series over its lag-7 MAE, and in counts, where the largest series decide."""
    scored = {OURS: runner.ours(name), **runner.peers(name)}
    named = {"WIS, scaled": "scaled_wis", "WIS, counts": "wis"}
    found = []
    for what, loss in named.items():
        values = means(scored, loss)
        found.append(less_than(data, what, values.pop(OURS), values, by))
    return found


def coverage(runner: ForecastRunner, name: str, data: str) -> list[Requirement]:
    """The 80 % interval by band of leads, as far as the protocol goes."""
    ours, peers = runner.ours(name), runner.peers(name)
    found = []
    for first, last in LEAD_BANDS:
        if first <= ours["lead"].max():
            theirs = means(peers, "covers_80", first, last)
            share = mean_of(ours, "covers_80", first, last)
            found.append(within(data, f"80 % covers, days {first} to {last}", share, *COVERS, theirs))
    return found


def means(scored: ScoredRows, loss: str, first_lead: int = 1, last_lead: int = 10_000) -> dict[str, float]:
    """A loss of each."""
    return {name: mean_of(rows, loss, first_lead, last_lead) for name, rows in scored.items()}
