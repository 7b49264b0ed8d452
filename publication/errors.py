"""Errors of a publication or its store. Each class has a line in docs/reference/errors.md."""


class PublicationError(Exception):
    """Base of this package's errors."""


class MalformedPublicationError(PublicationError):
    """A publication breaks an invariant and is not issued."""


class MalformedLiveScoresError(PublicationError):
    """Rows of live scores in the store are damaged."""


class MalformedJobRunsError(PublicationError):
    """Rows of job runs in the store are damaged."""


class StoreUnreachableError(PublicationError):
    """The publication store does not answer."""


class StoreFullError(StoreUnreachableError):
    """The disk of the publication store is full."""


class SchemaVersionError(PublicationError):
    """The store's tables are of another release."""


class TimeZoneError(PublicationError):
    """This Python does not know a time zone."""


class UnknownPublicationError(PublicationError):
    """No publication with the cutoff (and revision) that was asked for."""
