"""The error cells of a workbook, such as #N/A, which calamine gives as blanks: an error must not pass for a gap."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

SHEET = re.compile(rb'<(?:\w+:)?sheet\b[^>]*\b\w+:id="([^"]+)"')
RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
ERROR_CELL = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)([0-9]+)"[^>]*>(.*?)</(?:\w+:)?c>', re.DOTALL)
ERROR_TEXT = re.compile(rb"<(?:\w+:)?v>([^<]*)<")
UNNAMED_ERROR = "#ERROR!"


def error_cells(path: Path, sheet: int) -> Iterator[tuple[int, int, str]]:
    """Row, column (both from 0) and text of each error cell of the sheet with this number, from 0.

    Only of the formats that are zipped XML by Microsoft's names: others give none.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as content:
        name = _sheet_name(content, sheet)
        cells = content.read(name) if name in content.namelist() else b""
    for letters, row, inside in ERROR_CELL.findall(cells):
        text = ERROR_TEXT.search(inside)
        yield int(row) - 1, _column(letters), text.group(1).decode() if text else UNNAMED_ERROR


def _sheet_name(content: zipfile.ZipFile, sheet: int) -> str:
    names = content.namelist()
    if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
        return ""
    identifiers = SHEET.findall(content.read("xl/workbook.xml"))
    for relation in RELATION.findall(content.read("xl/_rels/workbook.xml.rels")):
        if sheet < len(identifiers) and _attribute(relation, b"Id") == identifiers[sheet]:
            target = _attribute(relation, b"Target").decode()
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return ""


def _attribute(element: bytes, name: bytes) -> bytes:
    found = re.search(rb"\b" + name + rb'="([^"]*)"', element)
    return found.group(1) if found else b""


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
