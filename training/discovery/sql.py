"""Names and texts in DuckDB's SQL, and the query of a source."""

from collections.abc import Mapping, Sequence


def identifier(name: str) -> str:
    """The name of a column in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def without_separator(name: str) -> str:
    """SQL of a column's text without the sign that separates the parts of a series' name."""
    return f"replace(CAST({identifier(name)} AS VARCHAR), '/', '-')"


def query(columns: Sequence[str], made: Mapping[str, str], where: Sequence[str], table: str = "extract") -> str:
    """SELECT columns as they are, and those that are made, from a table."""
    parts = [f"{made[name]} AS {identifier(name)}" if name in made else identifier(name) for name in columns]
    lines = ["SELECT " + ",\n       ".join(parts), f"FROM {table}"]
    if where:
        lines.append("WHERE " + "\n  AND ".join(where))
    return "\n".join(lines)


def grouped_query(columns: Sequence[str], table: str) -> str:
    """A query in brackets with one row for each group of those columns that are no aggregates."""
    return "(SELECT " + ",\n    ".join(columns) + f"\n  FROM {table}\n  GROUP BY ALL)"  # noqa: S608  # names are quoted
