"""Paths of the checkout, and the files that are ours."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("publication", "service", "training")


def modules(*folders: str) -> Iterator[Path]:
    """Every Python file below the folders."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def documents() -> list[Path]:
    """Return README.md and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def documentation() -> str:
    """Return all documents as one text."""
    return "\n".join(page.read_text(encoding="utf-8") for page in documents())
