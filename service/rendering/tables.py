"""Lines of CSV."""

import csv
import io
from collections.abc import Iterable


def csv_line(values: Iterable[object]) -> bytes:
    """Return one line of CSV; None is an empty cell."""
    return f"{csv_cells(values)}\n".encode()


def csv_cells(values: Iterable[object]) -> str:
    """Return one line of CSV, quoted where needed, without its end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
