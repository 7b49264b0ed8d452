"""Errors of the service's domain. `http/problems.py` maps those of requests to their answers."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from publication.redaction import MASK

MAX_PRINTED_VALUES = 20
MAX_PRINTED_CHARACTERS = 200
MAX_COMPARED_CHARACTERS, MAX_COMPARED_VALUES = 100, 2000  # beyond, the search for close matches takes too long
SECRET_PARAMETER = re.compile(r"pass|secret|token|auth|credential|^(api|access)?[_-]?key$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class InvalidParameter:
    """One invalid parameter of a request: its name, its value, and the values that it may have."""

    parameter: str
    found: str
    allowed: str

    @property
    def printable(self) -> str:
        """Return the start of the value, or a mask where the parameter is named as a secret is."""
        if SECRET_PARAMETER.search(self.parameter):
            return MASK
        rest = len(self.found) - MAX_PRINTED_CHARACTERS
        return self.found if rest <= 0 else f"{self.found[:MAX_PRINTED_CHARACTERS]}... and {rest} characters more"

    def __str__(self) -> str:
        return f"{self.parameter} was {self.printable!r}; allowed: {self.allowed}"


class ServiceError(Exception):
    """Base of these."""


class KeyNameError(ServiceError):
    """A name of a key that is taken, unknown or not valid."""


class KeyRevokedError(ServiceError):
    """A change to a key that is revoked."""


class UnfinishedRestoreError(ServiceError):
    """A home that was restored in part: its store and its keys may be of two times, or absent."""


class BriefingError(ServiceError):
    """A file of the briefing that cannot be written."""


class BriefingDiskFullError(BriefingError):
    """A file of the briefing that cannot be written, because the disk is full."""


class KeysUnreadableError(ServiceError):
    """Keys that are there and cannot be read: the database denies access, or what it holds is damaged."""


class KeysDiskFullError(KeysUnreadableError):
    """Keys that cannot be written, because the disk is full."""


class RequestError(ServiceError):
    """Base of what a request is rejected with. `detail` is for the caller, and shows no internals.

    `more` are further members of the answer. `principal` is the name of the key that was sent, where it is known.
    """

    def __init__(self, detail: str, parameters: tuple[InvalidParameter, ...] = (), **more: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.parameters = parameters
        self.more = more
        self.principal: str | None = None


class UnauthorisedError(RequestError):
    """No key, or none that is valid. `reason`: missing, unknown, expired or revoked."""


class ForbiddenError(RequestError):
    """A valid key whose scopes do not include the route."""


class PlaceRemovedError(RequestError):
    """A key of a place that the publication does not have."""


class ForeignHostError(RequestError):
    """A request for a host that is not this machine, while no key exists."""


class TooManyRequestsError(RequestError):
    """More requests with one key than its rate limit allows. `retry_after`: seconds."""


class KeyStoreUnavailableError(RequestError):
    """Keys that have not been read yet; or no keys, and a key store that cannot be read any more."""


class UnknownValueError(RequestError):
    """A place, measure, stream, series or cutoff that is not published."""


class InvalidParameterError(RequestError):
    """A parameter that the route does not have, or whose value it cannot read."""


class NothingToServeError(RequestError):
    """No publication has been loaded yet."""


def unknown(*parameters: InvalidParameter) -> UnknownValueError:
    """Return the error for values that are not published."""
    shown = parameters[:MAX_PRINTED_VALUES]
    return UnknownValueError(sentences(shown), shown)


def invalid(*parameters: InvalidParameter) -> InvalidParameterError:
    """Return the error for parameters that cannot be read."""
    shown = parameters[:MAX_PRINTED_VALUES]
    return InvalidParameterError(sentences(shown), shown)


def sentences(parameters: tuple[InvalidParameter, ...]) -> str:
    """Return the parameters as one text."""
    return ". ".join(map(str, parameters)) + "."


def one_of(values: list[str], near: str = "") -> str:
    """Return a readable list of the allowed values, at most twenty: what `near` may have meant first."""
    compared = len(near) <= MAX_COMPARED_CHARACTERS
    meant = near.strip().casefold() if compared else ""
    same = [value for value in values if value.casefold() == meant] if meant else []
    close = get_close_matches(near, values, n=5) if compared and len(values) <= MAX_COMPARED_VALUES else []
    ordered = list(dict.fromkeys([*same, *close, *values]))
    rest = len(ordered) - MAX_PRINTED_VALUES
    listed = ", ".join(ordered[:MAX_PRINTED_VALUES]) + (f" and {rest} more" if rest > 0 else "")
    return f"did you mean {same[0]}? There are {listed}" if same else listed
