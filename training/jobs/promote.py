"""`headroom promote` and `headroom rollback`: which version publishes."""

from rich.console import Console
from rich.table import Table

from training.errors import PromotionRefusedError, UsageError
from training.jobs.context import Context
from training.jobs.registry import registry
from training.promotion import Verdict, gate
from training.tracking.registry import Registered


def run(job: Context, console: Console, force: bool = False, reason: str | None = None) -> None:
    """Let the challenger through the gate, or past it with `force` and a reason; raises PromotionRefusedError."""
    if force and not reason:
        raise UsageError("--force needs --reason TEXT: say why the gate is passed by.")
    versions = registry(job)
    challenger, champion = versions.challenger(), versions.champion()
    if challenger is None:
        raise UsageError(f"Promoting {job.system.name}: no version is the challenger. Run `headroom train` first.")
    version = challenger.champion.version
    verdict = gate(challenger.scores, _rival(challenger, champion, force))
    console.print(_table(verdict))
    if not verdict.opens and not force:
        raise PromotionRefusedError(
            f"Version {version} of {job.system.name} is not promoted: "
            + " ".join(check.sentence for check in verdict.checks if not check.passed)
            + ' Train another, or use --force --reason "...".'
        )
    tags = {"headroom.verdict": "open" if verdict.opens else "forced", "headroom.promoted_at": job.now.isoformat()}
    versions.promote(challenger, {**tags, **({"headroom.reason": reason} if reason else {})})
    console.print(f"Version {version} of {job.system.name} is the champion.")


def roll_back(job: Context, console: Console) -> None:
    """Give the champion alias back to the version that had it before."""
    champion = registry(job).roll_back()
    console.print(f"Version {champion.version} of {job.system.name} is the champion again.")


def _rival(challenger: Registered, champion: Registered | None, force: bool) -> dict[str, float] | None:
    """The champion's scores on the challenger's windows; refused where it was compared with another version."""
    now = None if champion is None else champion.champion.version
    if challenger.compared_with != now and not force:
        raise PromotionRefusedError(
            f"Version {challenger.champion.version} was compared with "
            f"{'no champion' if challenger.compared_with is None else f'version {challenger.compared_with}'}, but the "
            f"champion is {'none' if now is None else f'version {now}'}. Run `headroom train` again."
        )
    return None if challenger.champion_scores is None else dict(challenger.champion_scores)


def _table(verdict: Verdict) -> Table:
    table = Table("check", "verdict", "found", title="Gate")
    for check in verdict.checks:
        table.add_row(check.name, "pass" if check.passed else "refuse", check.sentence)
    return table
