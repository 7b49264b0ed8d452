"""The registry that a job works with."""

from training.jobs.context import Context
from training.tracking.client import connect
from training.tracking.registry import Registry


def registry(job: Context) -> Registry:
    """The versions of the job's system, with MLflow pointed at the system's experiment."""
    connect(job.settings.tracking_uri, job.settings.artifacts, job.system.name)
    return Registry(job.settings.tracking_uri, job.system.name)
