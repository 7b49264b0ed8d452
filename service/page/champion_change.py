"""The last change of champion: the same leads before and after it."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from publication.live_scores import MOST_WEEKS, ChampionPeriod, LeadScore
from service.page import wording
from service.page.accuracy_parts import AccuracySection
from service.page.accuracy_tables import AccuracyChoice, ScoreReader, ScoreTable, TableRow, number, skill_text
from service.page.sampling import FEWEST_PUBLICATIONS
from service.rendering.scores import rounded

COMPARED_LOSSES = ("mae", "last_week_mae", "mae_vs_last_week", "coverage_80")
CAUTION = "Days before and after differ: compare with same as last week, which met the same days, before errors."


def champion_section(reader: ScoreReader, choice: AccuracyChoice) -> AccuracySection | None:
    """Return the newest two champions side by side; None where one champion made all that is scored."""
    rows = [of for of in reader.pooled(choice.measure, MOST_WEEKS, "lead", "champion") if isinstance(of, LeadScore)]
    periods = {period: list(of) for period, of in groupby(rows, key=lambda score: score.champion) if period}
    if len(periods) != 2:
        return None
    before, after = periods
    common = {of.lead for of in periods[before]} & {of.lead for of in periods[after]}
    weights = {of.lead: of.n for of in periods[after] if of.lead in common}
    table = ScoreTable(
        caption="All places together, at the leads that both have, each with the weight that it has after the change.",
        columns=("Champion", "Mean error", "Same as last week", "Better than last week by", "80 % interval held"),
        rows=tuple(
            TableRow(_head(period), _cells(of, weights, reader.written(choice.measure)))
            for period, of in periods.items()
        ),
        address=_address(choice),
    )
    return AccuracySection("champion", "The last change of champion", (_sentence(before, after), CAUTION), (), table)


def _cells(scores: Sequence[LeadScore], weights: Mapping[int, int], written: wording.Wording) -> tuple[str, ...]:
    if max(score.publications for score in scores) < FEWEST_PUBLICATIONS:
        return ("too few yet", *(wording.EN_DASH,) * 3)
    ours, theirs, compared, held = (_mean(scores, weights, loss) for loss in COMPARED_LOSSES)
    skill = None if compared is None or not theirs else 1 - compared / theirs
    share = wording.EN_DASH if held is None else f"{100 * held:.1f} %"
    return number(ours, written), number(theirs, written), skill_text(skill), share


def _mean(scores: Sequence[LeadScore], weights: Mapping[int, int], loss: str) -> float | None:
    """Return the mean of a loss over leads, weighted; None where a lead lacks it."""
    parts = [(weights[of.lead], rounded(of.losses._asdict()[loss])) for of in scores if of.lead in weights]
    known = [(weight, value) for weight, value in parts if value is not None]
    if not known or len(known) < len(parts):
        return None
    return sum(weight * value for weight, value in known) / sum(weight for weight, _ in known)


def _head(period: ChampionPeriod) -> str:
    return f"version {period.version}, {wording.day(period.first)} to {wording.day(period.last)}"


def _sentence(before: ChampionPeriod, after: ChampionPeriod) -> str:
    day = wording.day_with_year(after.first)
    return f"Version {after.version} forecasts from the data to {day} on; before, it was version {before.version}."


def _address(choice: AccuracyChoice) -> str:
    return AccuracyChoice(choice.measure, None, MOST_WEEKS).rows("champion")
