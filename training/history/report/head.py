"""The head of the report: which history it is, how large, and what the checks found in it."""

from training.history.report import words
from training.history.report.evidence import Evidence
from training.history.report.markup import facts, heading, paragraph, table

NUMBERS = ("findings", "series", "days")


def head(evidence: Evidence) -> list[str]:
    """Facts, and the findings counted by severity and check."""
    vintages, days = evidence.vintages, evidence.days
    revised = int(vintages.is_revised.sum())
    pairs = [
        ("System", words.place(evidence.system.name, evidence.system)),
        ("As known at", words.moment(evidence.as_of, evidence.system.timezone)),
        ("First day", words.day(days[0].date())),
        ("Last day", words.day(days[-1].date())),
        ("Last complete day", words.day(evidence.last_complete_day)),
        ("Series", f"{len(evidence.unique_ids):,}"),
        ("Values", f"{len(vintages.first):,}"),
        ("Revised values", f"{revised:,}" + (f" ({words.percent(revised / len(vintages.first))})" if revised else "")),
    ]
    return [facts(pairs), heading("What the checks found", 2), _found(evidence)]


def _found(evidence: Evidence) -> str:
    """Suspect checks first; within a severity those that found most days."""
    if evidence.findings.empty:
        return paragraph("Nothing: no day is suspect, and there is nothing to note.")
    counted = evidence.findings.groupby(["severity", "check"], sort=False).agg(
        n=("check", "size"), series=("unique_id", "nunique"), days=("days", "sum")
    )
    counted = counted.sort_values(["severity", "days"], ascending=False)
    rows = [
        (check, severity, f"{row.n:,}", f"{row.series:,}", f"{row.days:,}", words.CHECK_MEANS.get(check, ""))
        for (severity, check), row in zip(counted.index, counted.itertuples(), strict=True)
    ]
    told = "; ".join(f"{severity}: {means}" for severity, means in words.SEVERITY_MEANS.items())
    caption = f"Findings by severity and check. {words.upper_first(told)}."
    return table(caption, ("check", "severity", *NUMBERS, "what it means"), rows, NUMBERS)
