"""What the service is handed: a store that it only reads, and a clock."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol

from publication.ledger import LiveScores
from publication.model import Publication, PublicationSummary

Clock = Callable[[], datetime]
"""The present instant, with its offset."""


class PublicationStore(Protocol):
    """What the service asks of publication.store.Store."""

    def check_version(self) -> None: ...

    def latest(
        self, system: str | None = None, cutoff: date | None = None, revision: int | None = None
    ) -> Publication: ...

    def headings(self, system: str | None = None, limit: int | None = None) -> tuple[PublicationSummary, ...]: ...

    def scored_at(self, system: str) -> datetime | None: ...

    def ledger(self, system: str) -> LiveScores | None: ...

    def close(self) -> None: ...
