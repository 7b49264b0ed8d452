"""Parts of the accuracy page: a section with its sentences, pictures and table."""

from dataclasses import dataclass

from markupsafe import Markup

from service.page.accuracy_tables import ScoreTable


@dataclass(frozen=True, slots=True)
class SharePicture:
    title: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class AccuracySection:
    """A section of the page, with the same numbers as pictures and as a table."""

    anchor: str
    title: str
    sentences: tuple[str, ...]
    pictures: tuple[SharePicture, ...]
    table: ScoreTable | None
