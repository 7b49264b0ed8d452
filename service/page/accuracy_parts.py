"""Parts of the accuracy page: a section with its sentences, pictures and tables."""

from dataclasses import dataclass

from markupsafe import Markup

from service.page.accuracy_tables import ScoreTable


@dataclass(frozen=True, slots=True)
class SharePicture:
    title: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class ControlCell:
    """The state of a check in words. `title` has its evidence, or why there is none."""

    text: str
    title: str
    is_signal: bool


@dataclass(frozen=True, slots=True)
class ControlTable:
    """The states of statistical control: a row for each measure, a cell for each check."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ControlCell, ...]], ...]
    address: str


@dataclass(frozen=True, slots=True)
class AccuracySection:
    """A section of the page, with the same numbers as pictures and as a table.

    `signals` are sentences of a list. `control` is the table of the section of statistical control, which has no other.
    """

    anchor: str
    title: str
    sentences: tuple[str, ...]
    pictures: tuple[SharePicture, ...]
    table: ScoreTable | None
    signals: tuple[str, ...] = ()
    control: ControlTable | None = None
