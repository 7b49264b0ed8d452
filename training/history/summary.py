"""What an ingest did, in numbers."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from training.history.knowledge import Fate
from training.history.screening import Screened


@dataclass(frozen=True)
class FileSummary:
    """One file: `rows` read and `ignored`; values new, revised, unchanged, `empty`; and the quarantined, by reason.

    `sent_again` values gave way to those of a later file of the same source.
    """

    source: str
    file: str
    rows: int
    new: int
    revised: int
    unchanged: int
    empty: int
    ignored: int
    quarantined: dict[str, int] = field(default_factory=dict)
    sent_again: int = 0


@dataclass(frozen=True)
class IngestSummary:
    """An ingest: its files, and the file that has the quarantined rows (None: there are none)."""

    files: tuple[FileSummary, ...]
    quarantine: Path | None

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def new(self) -> int:
        return sum(file.new for file in self.files)

    @property
    def revised(self) -> int:
        return sum(file.revised for file in self.files)

    @property
    def unchanged(self) -> int:
        return sum(file.unchanged for file in self.files)

    @property
    def empty(self) -> int:
        return sum(file.empty for file in self.files)

    @property
    def ignored(self) -> int:
        return sum(file.ignored for file in self.files)

    @property
    def sent_again(self) -> int:
        return sum(file.sent_again for file in self.files)

    @property
    def quarantined(self) -> dict[str, int]:
        """How many rows and cells for each reason, over all files."""
        return dict(sum((Counter(file.quarantined) for file in self.files), Counter[str]()))


def summarise(screened: Screened, fates: pd.Series, quarantined: pd.DataFrame, sent_again: int) -> FileSummary:
    """The numbers of one file, from the fates of its values and its part of the quarantine."""
    count = Counter(fates)
    return FileSummary(
        source=screened.source,
        file=screened.file,
        rows=screened.rows,
        new=count[Fate.NEW],
        revised=count[Fate.REVISED],
        unchanged=count[Fate.UNCHANGED],
        empty=screened.empty,
        ignored=screened.ignored,
        sent_again=sent_again,
        quarantined={str(reason): n for reason, n in quarantined["kind"].value_counts().sort_index().items()},
    )
