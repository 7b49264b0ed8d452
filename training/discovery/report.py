"""What was assumed, and why, as a table."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Assumption:
    """One assumption: about what, what was found, and why."""

    what: str
    found: str
    because: str


def as_rich(assumptions: Iterable[Assumption]) -> Table:
    """The table that init prints."""
    table = Table("what", "found", "because", title="Assumed", title_justify="left")
    for assumption in assumptions:
        table.add_row(*map(_escaped, (assumption.what, assumption.found, assumption.because)))
    return table


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
