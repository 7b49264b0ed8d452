"""The registry of a job: the champion or its cached copy, saved states, and the history as MLflow records it."""

import logging
from datetime import date, datetime

from publication.model import Note
from publication.vocabulary import NoteKind
from training.errors import OutOfReachError, VersionUnreadableError
from training.history.point_in_time import PointInTimeHistory
from training.jobs.context import Context
from training.pipeline.state import PipelineState, StateFolder
from training.tracking.client import connect
from training.tracking.provenance import HistorySnapshot, code_version
from training.tracking.registry import Registry
from training.tracking.versions import LoadedModel, ModelCache, Version, difference

log = logging.getLogger("headroom")
OUT_OF_REACH_NOTE = (
    "The model registry was out of reach: version {number}, the last known champion, made this publication."
)
UNREADABLE_NOTE = "The champion could not be read: version {number}, the last readable champion, made this publication."


def registry(job: Context) -> Registry:
    """Return the registry of the job's system, with MLflow pointed at the system's experiment."""
    connect(job.settings.tracking_uri, job.settings.artifacts, job.system.name)
    return Registry(job.settings.tracking_uri, job.system.name, model_cache(job))


def model_cache(job: Context) -> ModelCache:
    """Return the cache of the job's versions at home."""
    return ModelCache(job.settings.champions / job.system.name)


def champion_or_cached(job: Context) -> tuple[LoadedModel, tuple[Note, ...]]:
    """Return the champion, and notes; the last known champion where MLflow is out of reach or its files are lost.

    Raises OutOfReachError where no champion is cached at home.
    """
    try:
        return registry(job).load_champion(), ()
    except OutOfReachError as error:
        cached = model_cache(job).last_champion()
        if cached is None:
            raise
        number = cached.champion.version
        lost = isinstance(error, VersionUnreadableError)
        log.warning("%s Going on with version %d, the last known champion.", error, number)
        return cached, (
            Note(NoteKind.CHAMPION, (UNREADABLE_NOTE if lost else OUT_OF_REACH_NOTE).format(number=number)),
        )


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
    """Return the folder with the state of the last publication of the job's system."""
    return StateFolder(job.settings.states / job.system.name, code_version())


def source_names(job: Context) -> tuple[str, ...]:
    """The ids of the sources of the job's system."""
    return tuple(source.name for source in job.system_file.sources)


def saved_state(model: LoadedModel) -> PipelineState:
    """Return the state that a version was saved with; an empty one where other code made it."""
    if model.version.code_version == code_version():
        return model.state
    log.info(
        "Version %d was trained by other code (%s): its saved state is made again, which takes longer. "
        "`headroom train` ends that.",
        model.champion.version,
        model.version.code_version,
    )
    return PipelineState()


def has_champion(job: Context) -> bool:
    """Return whether there is a champion: in the registry, or cached at home where that is out of reach."""
    try:
        return registry(job).named_champion() is not None
    except OutOfReachError:
        if model_cache(job).last_champion() is None:
            raise
        return True


def snapshot_of(job: Context, as_of: datetime, cutoff: date | None = None) -> HistorySnapshot:
    """Return the history known at an instant, of the days up to the cutoff where one is given, as MLflow records it."""
    archive = job.settings.archive / job.system.name
    return HistorySnapshot(job.system.name, archive, job.archive.digest(as_of, cutoff), as_of)
