"""The metrics that runs are compared by in MLflow: few, and named `group/item`, so that its charts show them by group.

Every other score is in the file of scores.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from math import isfinite

import pandas as pd

from publication.vocabulary import ADMISSIONS, ATTENDANCES, DISCHARGES, OCCUPANCY
from training.backtest.evaluation import Evaluation
from training.backtest.scores import overall_of, table

MOST_METRICS = 40
"""Of a run. More of them make MLflow's pages slow, and nobody reads them."""
MEASURE_ORDER = (OCCUPANCY, ADMISSIONS, ATTENDANCES, DISCHARGES)
"""Measures by importance: beds are planned by occupancy, and filled by admissions. Others follow by name."""
OVERALL = "overall"
FALLBACK_SHARE, DURATION = "fallback_share", "duration_seconds"
LEAD_LOSS = "scaled_wis"
MEASURE_LOSSES = (LEAD_LOSS, "mase", "coverage_80", "bias")
OVERALL_LOSSES = (
    *(LEAD_LOSS, "mase", "rmsse", "skill_seasonal_naive"),
    *("coverage_50", "coverage_80", "coverage_95", "pit_distance"),
)
LEADERBOARD_LOSSES = (LEAD_LOSS, "mase", "skill_seasonal_naive", "coverage_80", FALLBACK_SHARE)
NAN = float("nan")
Metrics = Mapping[str, float]


def by_importance(measures: Iterable[str]) -> list[str]:
    """Return measures, the most important first."""
    position = {measure: number for number, measure in enumerate(MEASURE_ORDER)}
    return sorted(measures, key=lambda measure: (position.get(measure, len(position)), measure))


def recipe_metrics(evaluation: Evaluation, recipe: str, seconds: float | None = None) -> dict[str, float]:
    """Return the metrics of one recipe: over all rows, by lead band, and for each measure as many as there is room for.

    `seconds` is how long its means took to make.
    """
    rows = evaluation.rows[recipe]
    overall = {**overall_of(rows), DURATION: NAN if seconds is None else seconds}
    by_measure = table(rows, ["measure"]).set_index("measure")
    by_lead = table(rows, ["leads"]).set_index("leads")
    by_both = table(rows, ["measure", "leads"]).set_index("measure")
    measures = by_importance(by_measure.index)
    return within_limit(
        [
            {f"{OVERALL}/{name}": overall.get(name, NAN) for name in (*OVERALL_LOSSES, FALLBACK_SHARE, DURATION)},
            _of_leads(OVERALL, by_lead[LEAD_LOSS]),
            *({f"{loss}/{name}": float(by_measure[loss][name]) for loss in MEASURE_LOSSES} for name in measures),
            *(_of_leads(name, by_both.loc[[name]].set_index("leads")[LEAD_LOSS]) for name in measures),
        ]
    )


def leaderboard_metrics(evaluation: Evaluation, logged_besides: Collection[str] = ()) -> dict[str, float]:
    """Return the metrics of the run above those of recipes: each of the main losses, for every recipe.

    The metrics `logged_besides` take their part of the limit.
    """
    overall = evaluation.overall()
    groups = (
        {f"{loss} by candidate/{recipe}": losses.get(loss, NAN) for recipe, losses in overall.items()}
        for loss in LEADERBOARD_LOSSES
    )
    return within_limit(list(groups), MOST_METRICS - len(logged_besides))


def within_limit(blocks: Sequence[Metrics], most: int = MOST_METRICS) -> dict[str, float]:
    """Return the metrics of the first blocks, together at most `most`: a block is complete, or absent.

    A metric that is not a number takes its place in the limit, so that runs of one training have the same metrics.
    """
    totals = accumulate(len(block) for block in blocks)
    fitting = [block for block, total in zip(blocks, totals, strict=True) if total <= most]
    return {name: value for block in fitting for name, value in block.items() if isfinite(value)}


def _of_leads(subject: str, values: pd.Series) -> dict[str, float]:
    """Return the metrics of one subject by lead band."""
    return {f"{LEAD_LOSS} by leads/{subject} {leads}": float(value) for leads, value in values.items()}
