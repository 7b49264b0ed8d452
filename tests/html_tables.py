"""Tables of a page as rows of text, read by the standard library's parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class HtmlTable:
    """The class of a table, its heads, and the text of its rows; `titles` has the titles of each row's parts."""

    css: str
    rows: list[list[str]] = field(default_factory=list)
    titles: list[list[str]] = field(default_factory=list)

    @property
    def heads(self) -> list[str]:
        return self.rows[0]

    def by_place(self) -> dict[str, dict[str, str]]:
        """Return the cells of each row under their heads, by the text of its first cell."""
        return {row[0]: dict(zip(self.heads, row, strict=True)) for row in self.rows[1:]}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[HtmlTable] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self.tables.append(HtmlTable(given.get("class") or ""))
        elif tag == "tr":
            self.tables[-1].rows.append([])
            self.tables[-1].titles.append([])
        elif tag in ("td", "th"):
            self._cell = []
        if given.get("title") and self.tables and self.tables[-1].titles:
            self.tables[-1].titles[-1].append(str(given["title"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1].rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def tables(html: str) -> list[HtmlTable]:
    """Return the tables of a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.tables


def table(html: str, css: str) -> HtmlTable:
    """Return the table whose class is or contains `css`."""
    return next(found for found in tables(html) if css in found.css.split())
