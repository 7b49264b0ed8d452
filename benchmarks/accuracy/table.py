"""The table of requirements, for a terminal and for benchmarks/README.md."""

from collections.abc import Sequence

from benchmarks.accuracy.requirement import Requirement

HEADER = ("data", "requirement", "must reach", "ours", "others", "")


def plain(found: Sequence[Requirement]) -> str:
    """Columns of equal width; the data is named once."""
    rows = [HEADER, *_cells(found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(r, widths, strict=True)).rstrip() for r in rows)


def markdown(found: Sequence[Requirement]) -> str:
    """A table of Markdown, with the same cells."""
    rows = [HEADER, ("---",) * len(HEADER), *_cells(found)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cells(found: Sequence[Requirement]) -> list[tuple[str, ...]]:
    named = ""
    cells: list[tuple[str, ...]] = []
    for line in found:
        data, named = ("" if line.data == named else line.data), line.data
        peers = "; ".join(f"{name} {figure(value)}" for name, value in line.peers.items())
        cells.append((data, line.what, line.bar, figure(line.ours), peers, line.verdict))
    return cells


def figure(value: float) -> str:
    """Three decimals below ten, one above."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
