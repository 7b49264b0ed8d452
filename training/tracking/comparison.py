"""The metrics and pictures by which runs are compared in MLflow.

Metrics are few, and named `group/item`, so that MLflow's charts show them by group; every other score is in the file of
scores. Pictures are in the page of a run, and those of two runs can be looked at next to each other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from publication.vocabulary import ADMISSIONS, ATTENDANCES, COVERAGES, DISCHARGES, OCCUPANCY, quantile_column
from training.backtest.evaluation import Evaluation
from training.backtest.scores import PIT_TENTHS, error_of, overall_of, reference_error_column, table
from training.backtest.slices import with_slices

if TYPE_CHECKING:  # it takes a quarter of a second to import, and few commands draw
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
COMPARED_REFERENCE = "seasonal_naive"
PNG = ".png"
PIXELS_PER_INCH = 100
PANEL_INCHES = (3.4, 2.2)
PANELS_A_ROW = 2  # so that pictures of two runs have room next to each other
MOST_PANELS = 9
LEGEND_COLUMNS = 4
FORECAST_COLOUR, REFERENCE_COLOUR, TARGET_COLOUR = "#005eb8", "#d5281b", "#212b32"
COVERAGE_COLOURS = ("#41b6e6", FORECAST_COLOUR, "#330072")
LEAD_LABEL = "lead (days)"
TITLE_SIZE, PANEL_TITLE_SIZE, LEGEND_SIZE = "medium", "small", "small"


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


def recipe_pictures(
    recipe: str, rows: pd.DataFrame, levels: Sequence[float], weights: Mapping[str, pd.DataFrame]
) -> dict[str, "Figure"]:
    """Return the pictures of one recipe by name, from its rows of an `Evaluation` and the weights of its ensembles."""
    if rows.empty:
        return {}
    figures = {
        "error-by-lead": error_by_lead(rows),
        "coverage-by-lead": coverage_by_lead(rows),
        "calibration": calibration(rows, levels),
    }
    if weights:
        figures["weights-by-lead"] = weights_by_lead(weights)
    for figure in figures.values():
        figure.suptitle(f"{recipe}: {figure.get_suptitle()}", fontsize=TITLE_SIZE)
    return figures


def write_pictures(figures: Mapping[str, "Figure"], folder: Path) -> None:
    """Write each picture as a PNG file of its name into a folder, which exists."""
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}{PNG}", dpi=PIXELS_PER_INCH)


def error_by_lead(rows: pd.DataFrame) -> "Figure":
    """Return the mean absolute errors of a recipe and of seasonal naive, on the same days, by measure and lead."""
    columns = {reference_error_column(COMPARED_REFERENCE): "forecast", error_of(COMPARED_REFERENCE): "seasonal naive"}
    by_lead = _means_by_lead(rows, columns)
    figure, panels = _panels("mean absolute error by lead, in counts (mean over series)", by_lead)
    for measure, axes in panels.items():
        for name, colour in zip(columns.values(), (FORECAST_COLOUR, REFERENCE_COLOUR), strict=True):
            axes.plot(by_lead[measure][name], color=colour, label=name)
        axes.set_ylim(bottom=0.0)
    return _with_legend(figure, panels.values())


def coverage_by_lead(rows: pd.DataFrame) -> "Figure":
    """Return the share of actuals inside each central interval by measure and lead; dashed lines are the targets."""
    by_lead = _means_by_lead(rows, {f"coverage_{percent}": f"{percent} % interval" for percent in COVERAGES})
    figure, panels = _panels("coverage of prediction intervals by lead, and its targets", by_lead)
    for measure, axes in panels.items():
        for percent, colour in zip(COVERAGES, COVERAGE_COLOURS, strict=True):
            name = f"{percent} % interval"
            axes.plot(by_lead[measure][name], color=colour, label=name)
            axes.axhline(percent / 100, color=colour, linestyle="dashed", linewidth=0.8)
        axes.set_ylim(0.0, 1.02)
    return _with_legend(figure, panels.values())


def calibration(rows: pd.DataFrame, levels: Sequence[float]) -> "Figure":
    """Return by measure the share of actuals at or below each quantile, and in each tenth of the distribution.

    Calibrated forecasts have the diagonal on the left, and a tenth everywhere on the right (PIT).
    """
    measured = with_slices(rows, ["measure"])
    figure, (reliability, tenths) = _figure("calibration of quantiles, and PIT", 2)
    by_measure = dict(list(measured.groupby("measure", observed=True)))
    for measure in by_importance(map(str, by_measure))[:MOST_PANELS]:
        some = by_measure[measure]
        below = [float((some["y"] <= some[quantile_column(level)]).mean()) for level in levels]
        reliability.plot(levels, below, marker=".", label=measure)
        tenths.plot(range(1, len(PIT_TENTHS) + 1), some[PIT_TENTHS].mean().to_numpy(), marker=".")
    reliability.plot([0, 1], [0, 1], color=TARGET_COLOUR, linestyle="dashed", linewidth=0.8)
    reliability.set(xlabel="quantile level", ylabel="actuals at or below")
    tenths.axhline(1 / len(PIT_TENTHS), color=TARGET_COLOUR, linestyle="dashed", linewidth=0.8)
    tenths.set(xlabel="tenth of the distribution", ylabel="share of actuals", ylim=(0.0, None))
    return _with_legend(figure, [reliability])


def weights_by_lead(weights: Mapping[str, pd.DataFrame]) -> "Figure":
    """Return the weights of an ensemble's members by measure and lead, stacked; `weights` as in `FittedRecipe`."""
    figure, panels = _panels("weights of members by lead (mean over series)", weights)
    for measure, axes in panels.items():
        frame = weights[measure]
        axes.stackplot(frame.index, frame.to_numpy().T, labels=list(frame.columns), step="mid")
        axes.set_ylim(0.0, 1.0)
    return _with_legend(figure, panels.values())


def recipes_by_lead(rows: Mapping[str, pd.DataFrame]) -> "Figure":
    """Return the scaled WIS of several recipes by measure and lead, from the rows of an `Evaluation`.

    At least one recipe has a row.
    """
    by_recipe = {recipe: _means_by_lead(some, {LEAD_LOSS: recipe}) for recipe, some in rows.items()}
    measures = dict.fromkeys(measure for by_lead in by_recipe.values() for measure in by_lead)
    figure, panels = _panels("Scaled WIS by lead (mean over series): lower is better", measures)
    for measure, axes in panels.items():
        for recipe, by_lead in by_recipe.items():
            if measure in by_lead:
                axes.plot(by_lead[measure][recipe], label=recipe)
        axes.set_ylim(bottom=0.0)
    return _with_legend(figure, panels.values())


def _means_by_lead(rows: pd.DataFrame, columns: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Return for each measure the means of columns by lead, under the names that `columns` give them."""
    grouped = with_slices(rows, ["measure"]).groupby(["measure", "lead"], observed=True)[list(columns)].mean()
    means = grouped.rename(columns=dict(columns))
    return {str(measure): of.droplevel("measure") for measure, of in means.groupby("measure", observed=True)}


def _panels(title: str, measures: Iterable[str]) -> tuple["Figure", dict[str, "Axes"]]:
    """Return a figure with a panel by lead for each measure, the most important first, at most `MOST_PANELS`."""
    shown = by_importance(measures)[:MOST_PANELS]
    figure, panels = _figure(title, len(shown))
    for measure, axes in zip(shown, panels, strict=True):
        axes.set_title(measure, fontsize=PANEL_TITLE_SIZE)
        axes.set_xlabel(LEAD_LABEL)
        axes.margins(x=0.02)
    return figure, dict(zip(shown, panels, strict=True))


def _figure(title: str, n_panels: int) -> tuple["Figure", list["Axes"]]:
    """Return a figure with panels in rows. It belongs to no window, and to no state of the library."""
    from matplotlib.figure import Figure

    n_rows, n_columns = -(-n_panels // PANELS_A_ROW), min(n_panels, PANELS_A_ROW)
    width, height = PANEL_INCHES
    size = (width * max(n_columns, 2), height * n_rows + 0.8)  # room for a title and a legend over one panel, too
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=TITLE_SIZE)
    panels = [figure.add_subplot(n_rows, n_columns, number) for number in range(1, n_panels + 1)]
    for axes in panels:
        axes.grid(alpha=0.3)
    return figure, panels


def _with_legend(figure: "Figure", panels: Iterable["Axes"]) -> "Figure":
    """Return the figure with one legend for all panels, below them."""
    shown: dict[str, Artist] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        shown |= dict(zip(labels, handles, strict=True))
    columns = min(len(shown), LEGEND_COLUMNS)
    figure.legend(
        list(shown.values()),
        list(shown),
        loc="outside lower center",
        ncols=columns,
        fontsize=LEGEND_SIZE,
        frameon=False,
    )
    return figure
