"""`headroom promote` and `headroom rollback`: the version that publishes."""

import getpass
import logging
from contextlib import suppress

import pandas as pd
from rich.console import Console
from rich.table import Table

from publication.job_runs import JobName
from publication.model import Champion
from publication.redaction import Redactor, addresses_in
from training.errors import PromotionRejectedError, UsageError, VersionUnreadableError
from training.jobs.context import Context, JobLock, hold
from training.jobs.recording import recorded
from training.jobs.registry import other_system, registry
from training.promotion import Verdict, gate
from training.tracking.registry import Registered, Registry
from training.tracking.runs import log_verdict, name_champion

log = logging.getLogger("headroom")
CHECK_COLUMNS = ("check", "verdict", "found", "allowed", "sentence")


def run(job: Context, console: Console, force: bool = False, reason: str | None = None) -> None:
    """Let the challenger through the gate, or past it with `force` and a reason; raises PromotionRejectedError."""
    if force and not (reason and reason.strip()):
        raise UsageError("--force needs --reason TEXT: say why the gate is passed by.")
    with recorded(job, JobName.PROMOTE), hold(job, JobLock.ALIASES):
        _promote(job, console, registry(job), _without_secrets(reason) if force and reason else None)


def _without_secrets(reason: str) -> str:
    """Return the reason without passwords of addresses in it, as it is stored in MLflow."""
    return Redactor.without_users(addresses_in(reason)).redact(reason)


def _promote(job: Context, console: Console, versions: Registry, reason: str | None) -> None:
    """Through the gate, or past it for a reason."""
    challenger, champion = versions.challenger(), versions.named_champion()
    if challenger is None:
        raise UsageError(f"Promoting {job.system.name}: no version is the challenger. Run `headroom train` first.")
    number = challenger.ref.version
    _check_system(job, versions, challenger, reason is not None)
    verdict = _verdict(versions, challenger, champion, reason is not None)
    console.print(_rendered(verdict))
    tags = _tags(job, verdict, reason)
    log_verdict(job.settings.tracking_uri, challenger.ref.run_id, _table(verdict), tags)
    if not verdict.opens and reason is None:
        raise PromotionRejectedError(
            f"Version {number} of {job.system.name} is not promoted: {verdict.failures} "
            'Train another, or use --force --reason "...".'
        )
    versions.promote(challenger, tags, job.now.isoformat())
    name_champion(job.settings.tracking_uri, challenger.ref.run_id, f"{job.now:%Y-%m-%d}")
    console.print(f"Version {number} of {job.system.name} is the champion.")


def _check_system(job: Context, versions: Registry, challenger: Registered, force: bool) -> None:
    """Raises PromotionRejectedError where a version is of another system of the same name.

    Force lets a challenger take the place of another system's champion, never another system's challenger through.
    """
    history, champion = job.history(job.now), None
    if not force:
        with suppress(VersionUnreadableError):  # what cannot be read publishes nothing
            champion = versions.champion()
    for registered in (challenger, *([champion] if champion is not None else [])):
        foreign = other_system(job, registered.version, registered.ref.version, history)
        if foreign is not None:
            raise PromotionRejectedError(foreign)


def if_better(job: Context, console: Console) -> None:
    """Let the challenger through the gate, or say why the champion goes on: no error where nobody waits for it."""
    try:
        run(job, console)
    except PromotionRejectedError as rejected:
        console.print(f"The champion goes on. {rejected}", soft_wrap=True)


def roll_back(job: Context, console: Console) -> None:
    """Give the champion alias back to the version that had it before."""
    with recorded(job, JobName.ROLLBACK), hold(job, JobLock.ALIASES):
        left, champion = registry(job).roll_back()
    console.print(
        f"Version {champion.ref.version} of {job.system.name} is the champion again, trained to "
        f"{champion.version.trained_to}; version {left.version} was.",
        soft_wrap=True,
    )


def _verdict(versions: Registry, challenger: Registered, champion: Champion | None, force: bool) -> Verdict:
    """Return the gate's verdict. Raises PromotionRejectedError where the challenger was compared with another champion.

    A challenger that was compared with none is accepted where the champion cannot be read.
    """
    compared, now = challenger.version.compared_with, None if champion is None else champion.version
    if compared != now and not force and not (compared is None and _is_unreadable(versions)):
        raise PromotionRejectedError(
            f"Version {challenger.ref.version} was compared with "
            f"{'no champion' if compared is None else f'version {compared}'}, but the "
            f"champion is {'none' if now is None else f'version {now}'}. Run `headroom train` again."
        )
    return gate(challenger.version.summary, challenger.version.champion_summary)


def _is_unreadable(versions: Registry) -> bool:
    try:
        versions.champion()
    except VersionUnreadableError as error:
        log.warning("%s The challenger is compared with no champion.", error.found)
        return True
    return False


def _tags(job: Context, verdict: Verdict, reason: str | None) -> dict[str, str]:
    """Return the tags of a verdict, for the version and its run."""
    closed = "rejected" if reason is None else "forced"
    tags = {"headroom.verdict": "open" if verdict.opens else closed, "headroom.decided_at": job.now.isoformat()}
    return tags if reason is None else tags | {"headroom.forced_by": _user(), "headroom.reason": reason}


def _user() -> str:
    """Return the name of the user who runs the command; in some containers there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _table(verdict: Verdict) -> pd.DataFrame:
    rows = [(c.name, c.verdict, c.found, c.allowed, c.sentence) for c in verdict.checks]
    return pd.DataFrame(rows, columns=list(CHECK_COLUMNS))


def _rendered(verdict: Verdict) -> Table:
    table = Table(*CHECK_COLUMNS, title="Gate")
    for row in _table(verdict).itertuples(index=False):
        table.add_row(*map(str, row))
    return table
