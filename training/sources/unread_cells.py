"""The cells of a workbook that calamine gives as blanks although something is in them: errors such as #N/A, and
formulas that no program has calculated yet. Neither may pass for a gap."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from training.sources.extract import FORMULA_SIGN

SHEET = re.compile(rb'<(?:\w+:)?sheet\b[^>]*\b\w+:id="([^"]+)"')
RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
RECALCULATES = re.compile(rb"<(?:\w+:)?calcPr\b[^>]*\bfullCalcOnLoad=[\"'](?:1|true)[\"']")
NOTABLE = re.compile(rb"<(?:\w+:)?f[\s/>]|\bt=[\"']e[\"']")
REFERENCE = re.compile(r"\$?([A-Z]+)\$?([0-9]+)")
ERROR, TEXT_OF_FORMULA = "e", "str"
NUMBER_KINDS = ("", "n")
UNNAMED_ERROR = "#ERROR!"
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"

Position = tuple[int, int]
"""Row and column of a cell, both from 0."""


def unread_cells(workbook: BinaryIO, sheet: int) -> Iterator[tuple[int, int, str]]:
    """Row, column (both from 0) and text of each cell of the sheet with this number, from 0, that reads as a blank
    or as a placeholder: an error's name, or the formula that was never calculated.

    A formula was never calculated if no value is saved with it; or if the value is 0 and the workbook says that all
    formulas are still to be calculated, as some libraries write it. An empty text saved with a formula is its value:
    such a cell is blank. Only formats that are zipped XML by Microsoft's names have such cells: others give none.
    """
    if not zipfile.is_zipfile(workbook):
        return
    with zipfile.ZipFile(workbook) as content:
        name = _sheet_name(content, sheet)
        if name not in content.namelist():
            return
        cells = content.read(name)
        if not NOTABLE.search(cells):
            return
        recalculates = RECALCULATES.search(content.read(WORKBOOK)) is not None
    reader = _SheetReader(recalculates)
    reader.read(cells)
    yield from reader.found()


@dataclass
class _Cell:
    """A cell while it is read."""

    at: Position
    kind: str
    formula: list[str] | None = None
    shared: str | None = None
    array: str | None = None
    value: list[str] = field(default_factory=list)

    def has_value(self, recalculates: bool) -> bool:
        """Return whether a program calculated the cell's formula."""
        value = "".join(self.value)
        if recalculates and self.kind in NUMBER_KINDS and _is_zero(value):
            return False
        return value != "" or self.kind == TEXT_OF_FORMULA


class _SheetReader:
    """Reads the XML of one sheet as a stream. A cell or row without a reference follows the one before it."""

    def __init__(self, recalculates: bool) -> None:
        self._recalculates = recalculates
        self._row, self._column = -1, -1
        self._cell: _Cell | None = None
        self._text: list[str] | None = None
        self._found: dict[Position, str] = {}
        self._shared: dict[str, str] = {}
        self._arrays: list[tuple[str, str]] = []
        self._filled: set[Position] = set()

    def read(self, cells: bytes) -> None:
        """Raises expat.ExpatError where it is not XML."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.ParseFile(io.BytesIO(cells))

    def found(self) -> Iterator[tuple[int, int, str]]:
        """Yield what was found, and the empty cells that a never calculated array formula was to fill."""
        for reference, text in self._arrays:
            for at in _cells_of(reference, self._row):
                if at not in self._filled:
                    self._found.setdefault(at, text)
        for (row, column), text in sorted(self._found.items()):
            yield row, column, text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
                self._column = -1
            case "c":
                at = position(attributes["r"]) if "r" in attributes else (self._row, self._column + 1)
                self._row, self._column = at
                self._cell = _Cell(at, attributes.get("t", ""))
            case "f" if self._cell is not None:
                self._text = self._cell.formula = []
                self._cell.shared = attributes.get("si")
                self._cell.array = attributes.get("ref") if attributes.get("t") == "array" else None
            case "v" if self._cell is not None:
                self._text = self._cell.value

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "f" | "v":
                self._text = None
            case "c" if self._cell is not None:
                self._take(self._cell)
                self._cell = None

    def _take(self, cell: _Cell) -> None:
        if cell.kind == ERROR:
            self._found[cell.at] = "".join(cell.value) or UNNAMED_ERROR
        elif cell.formula is not None:
            text = self._formula(cell)
            if not cell.has_value(self._recalculates):
                self._found[cell.at] = text
                if cell.array is not None:
                    self._arrays.append((cell.array, text))
        elif cell.value or cell.kind == "inlineStr":
            self._filled.add(cell.at)

    def _formula(self, cell: _Cell) -> str:
        """The formula as it is written; of one that is shared by many cells, as the first of them has it."""
        text = FORMULA_SIGN + "".join(cell.formula or ())
        if cell.shared is None:
            return text
        return self._shared.setdefault(cell.shared, text)


def position(reference: str) -> Position:
    """The row and column, from 0, of a cell such as `C12`. Raises ValueError where it is none."""
    found = REFERENCE.fullmatch(reference)
    if found is None:
        raise ValueError(f"{reference!r} is not the place of a cell")
    return int(found.group(2)) - 1, _column(found.group(1))


def _cells_of(reference: str, last_row: int) -> Iterator[Position]:
    """The cells of a range such as `C4:C6`, to the last row of the sheet."""
    first, _, last = reference.partition(":")
    (top, left), (bottom, right) = position(first), position(last or first)
    for row in range(top, min(bottom, last_row) + 1):
        for column in range(left, right + 1):
            yield row, column


def _is_zero(text: str) -> bool:
    try:
        return float(text) == 0
    except ValueError:
        return False


def _sheet_name(content: zipfile.ZipFile, sheet: int) -> str:
    names = content.namelist()
    if WORKBOOK not in names or RELATIONS not in names:
        return ""
    identifiers = SHEET.findall(content.read(WORKBOOK))
    for relation in RELATION.findall(content.read(RELATIONS)):
        if sheet < len(identifiers) and _attribute(relation, b"Id") == identifiers[sheet]:
            target = _attribute(relation, b"Target").decode()
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return ""


def _attribute(element: bytes, name: bytes) -> bytes:
    found = re.search(rb"\b" + name + rb'="([^"]*)"', element)
    return found.group(1) if found else b""


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
