"""The registry that a job works with, and what MLflow is told of its data."""

import logging
from datetime import date, datetime

from training.errors import OutOfReachError, VersionUnreadableError
from training.history.identity import difference
from training.history.known import PointInTimeHistory
from training.jobs.context import Context
from training.pipeline.state import State, StateFolder
from training.tracking.client import connect
from training.tracking.provenance import Data, code_version
from training.tracking.registry import Registry
from training.tracking.versions import LoadedModel, ModelCache, Version

log = logging.getLogger("headroom")
OUT_OF_REACH = (
    "The model registry was out of reach: version {number}, the champion when it last answered, made this publication."
)
UNREADABLE = "The champion could not be read: version {number}, the last champion that could be, made this publication."


def registry(job: Context) -> Registry:
    """The versions of the job's system, with MLflow pointed at the system's experiment."""
    connect(job.settings.tracking_uri, job.settings.artifacts, job.system.name)
    return Registry(job.settings.tracking_uri, job.system.name, champions(job))


def champions(job: Context) -> ModelCache:
    """The versions of the job's system that are kept at home."""
    return ModelCache(job.settings.champions / job.system.name)


def publishing(job: Context) -> tuple[LoadedModel, tuple[str, ...]]:
    """The champion, and remarks: one where MLflow is out of reach, or its files are lost, and the last one serves.

    Raises OutOfReachError where no champion was kept at home.
    """
    try:
        return registry(job).champion_or_cached(), ()
    except OutOfReachError as error:
        last = champions(job).last()
        if last is None:
            raise
        number = last.champion.version
        lost = isinstance(error, VersionUnreadableError)
        log.warning("%s Going on with version %d, the champion when last heard of.", error, number)
        return last, ((UNREADABLE if lost else OUT_OF_REACH).format(number=number),)


def other_system(job: Context, version: Version, number: int, history: PointInTimeHistory) -> str | None:
    """Return a sentence where a version was trained on another system of the same name; None where it is ours."""
    found = difference(version.identity, history, source_names(job))
    if found is None:
        return None
    name = job.system.name
    return (
        f"Version {number} of {name} was trained on another system of that name: {found}. Give this system a name of "
        f"its own (`name` in {job.system_file.path.name}) or another MLFLOW_TRACKING_URI. If it is this system, which "
        'has changed so much, run `headroom train`, then `headroom promote --force --reason "..."`.'
    )


def last_state(job: Context) -> StateFolder:
    """What the last publication of the job's system made, kept at home."""
    return StateFolder(job.settings.states / job.system.name, code_version())


def source_names(job: Context) -> tuple[str, ...]:
    """The ids of the sources of the job's system."""
    return tuple(source.name for source in job.system_file.sources)


def saved_state(whole: LoadedModel) -> State:
    """The state that a version was saved with; none where other code made it, which may compute otherwise."""
    if whole.version.code_version == code_version():
        return whole.state
    log.info(
        "Version %d was trained by other code (%s): what it saved is made again, which takes longer. "
        "`headroom train` ends that.",
        whole.champion.version,
        whole.version.code_version,
    )
    return State()


def has_champion(job: Context) -> bool:
    """Whether a version publishes: of the registry, or kept at home where that is out of reach."""
    try:
        return registry(job).named_champion() is not None
    except OutOfReachError:
        if champions(job).last() is None:
            raise
        return True


def data_of(job: Context, as_of: datetime, cutoff: date | None = None) -> Data:
    """The history known at an instant, of the days up to the cutoff where one is given, as MLflow is told of it."""
    archive = job.settings.archive / job.system.name
    return Data(job.system.name, archive, job.archive.digest(as_of, cutoff), as_of)
