"""The numbers of an ingest, file by file."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from training.history.archive import RowStatus
from training.history.screening import ScreenedFile


@dataclass(frozen=True)
class FileSummary:
    """One file: `rows` read and `ignored`; values new, revised, unchanged, `empty`; and the quarantined, by reason.

    `superseded` values gave way to those of a later file of the same source.
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
    superseded: int = 0


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
    def superseded(self) -> int:
        return sum(file.superseded for file in self.files)

    @property
    def quarantined(self) -> dict[str, int]:
        """Return the number of rows and cells for each reason, over all files."""
        return dict(sum((Counter(file.quarantined) for file in self.files), Counter[str]()))


def summarise(
    screened: Sequence[ScreenedFile],
    values: pd.DataFrame,
    superseded: pd.DataFrame,
    quarantined: pd.DataFrame,
    file: Path | None,
) -> IngestSummary:
    """The numbers of each file, from the `status` of its values and from what is quarantined."""
    statuses, superseded_counts, kinds = _counted(values, "status"), _counted(superseded), _counted(quarantined, "kind")
    files = []
    for part in screened:
        name = (part.source, part.file)
        reasons = {str(kind): n for (*of, kind), n in kinds.items() if tuple(of) == name}
        files.append(
            FileSummary(
                source=part.source,
                file=part.file,
                rows=part.rows,
                new=statuses[(*name, RowStatus.NEW)],
                revised=statuses[(*name, RowStatus.REVISED)],
                unchanged=statuses[(*name, RowStatus.UNCHANGED)],
                empty=part.empty,
                ignored=part.ignored,
                superseded=superseded_counts[name],
                quarantined=dict(sorted(reasons.items())),
            )
        )
    return IngestSummary(tuple(files), file)


def _counted(table: pd.DataFrame, *columns: str) -> Counter[tuple[str, ...]]:
    """The number of rows of each source and file, further split by `columns`."""
    sizes = table.groupby(["source", "file", *columns], observed=True, sort=False).size()
    return Counter(dict(zip(sizes.index.to_flat_index(), sizes.tolist(), strict=True)))
