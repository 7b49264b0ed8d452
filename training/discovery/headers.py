"""The rows of a header: below titles and notes, in one row or two."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.discovery.cells import CellKind, kind_of

SEARCHED_HEADER_ROWS = 80
BELOW = 40
FILLED_SHARE = 0.3
"""A column has data where so many of the rows below the header are filled."""
NAMED_COLUMNS_SHARE = 0.7
FEWEST_NAMED = 2
"""Of columns with data, where one has no name."""
TYPED_SHARE = 0.8
UPPER_ROWS = 3
"""The upper row of a header is so near above the lower one: blank rows may lie between."""

Grid = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Header:
    """The rows of a header, from 0, and whether a second one lies above."""

    rows: tuple[int, ...]


def find_header(grid: Grid) -> Header | None:
    """Return where the header is: the first row from which the columns are consistent. None where there is none."""
    kinds = [[kind_of(cell) for cell in row] for row in grid[: SEARCHED_HEADER_ROWS + BELOW]]
    for number in range(min(SEARCHED_HEADER_ROWS, len(kinds) - 1)):
        if _is_header(grid[number], kinds[number], kinds[number + 1 : number + 1 + BELOW]):
            upper = _upper(grid, kinds, number)
            return Header((number,) if upper is None else (upper, number))
    return None


def _is_header(cells: Sequence[str], kinds: Sequence[CellKind], below: Sequence[Sequence[CellKind]]) -> bool:
    below = [row for row in below if any(kind is not CellKind.BLANK for kind in row)]
    if not below or not any(cell.strip() for cell in cells):
        return False
    width = max(len(kinds), *(len(row) for row in below))
    columns = [[row[i] if i < len(row) else CellKind.BLANK for row in below] for i in range(width)]
    filled = [[kind for kind in column if kind is not CellKind.BLANK] for column in columns]
    with_data = [i for i in range(width) if len(filled[i]) >= max(1, FILLED_SHARE * len(below))]
    if not with_data:
        return False
    named = [i for i in with_data if i < len(cells) and cells[i].strip()]
    typed = [i for i in with_data if _is_typed(filled[i])]
    has_names = len(named) >= NAMED_COLUMNS_SHARE * len(with_data) or FEWEST_NAMED <= len(named) == len(with_data) - 1
    if not typed or not has_names:
        return False
    is_name = [i for i in typed if i < len(kinds) and _names(kinds[i], filled[i])]
    if (
        len(is_name) < NAMED_COLUMNS_SHARE * len([i for i in typed if i < len(cells) and cells[i].strip()])
        or not is_name
    ):
        return False
    next_cells = [columns[i][0] for i in typed]
    agree = sum(kind in (CellKind.NUMBER, CellKind.DAY) for kind in next_cells)
    words = sum(kind is CellKind.WORD for kind in next_cells)
    return agree > words or (agree == words == 0)


def _is_typed(filled: Sequence[CellKind]) -> bool:
    typed = sum(kind in (CellKind.NUMBER, CellKind.DAY) for kind in filled)
    return typed >= TYPED_SHARE * len(filled)


def _names(kind: CellKind, filled: Sequence[CellKind]) -> bool:
    """Return whether a cell can be the name above such cells: a word, or a day above numbers."""
    if kind is CellKind.DAY:
        return sum(k is CellKind.DAY for k in filled) < len(filled) / 2
    return kind is CellKind.WORD


def _upper(grid: Grid, kinds: Sequence[Sequence[CellKind]], number: int) -> int | None:
    """The row above that tells apart columns which the header names alike."""
    names = [cell.strip() for cell in grid[number]]
    repeated = [i for i, name in enumerate(names) if name and names.count(name) > 1]
    if not repeated:
        return None
    for above in range(number - 1, max(-1, number - 1 - UPPER_ROWS), -1):
        over = [grid[above][i].strip() if i < len(grid[above]) else "" for i in range(len(names))]
        if not any(over):
            continue
        filled = [i for i, cell in enumerate(over) if cell]
        first = names.index(names[repeated[0]])
        if len({over[i] for i in filled if i >= first}) > 1 or (len(filled) > 1 and filled[0] >= first):
            spread, last = [], ""
            for i, name in enumerate(names):
                last = over[i] or last
                spread.append((last, name))
            named = [pair for pair in spread if pair[1]]
            return above if len(set(named)) == len(named) else None
        return None
    return None
