"""A small sound system file, and one change at a time to spoil it."""

from pathlib import Path

SYSTEM = """\
[system]
name = "north"
timezone = "Europe/London"
places = "places.csv"
events = "events.csv"
school_terms = "terms.csv"
"""
MEASURES = """
[measures.calls]
kind = "flow"
unit = "calls"
"""
SOURCES = """
[sources.daily]
path = "extract/*.csv"
place = "code"
day = "date"
measures = { occupancy = "occupied", beds = ["occupied", "free"] }
"""
PLACES = "place,parent,name,kind\neast,,East Trust,trust\nE1,east,,\n"
EVENTS = """\
from,to,place,measure,kind,note
2026-01-05,2026-01-07,E1,occupancy,strike,porters
2026-02-01,2026-02-01,,,exclude,
"""
TERMS = "from,to,place\n2026-01-05,2026-02-13,\n"
FILES = {"system.toml": SYSTEM + MEASURES + SOURCES, "places.csv": PLACES, "events.csv": EVENTS, "terms.csv": TERMS}


def write(folder: Path, **changed: str) -> Path:
    """The files of the system in `folder`, with those of `changed` (by stem) instead; gives the path of system.toml."""
    for name, content in FILES.items():
        (folder / name).write_text(changed.get(name.split(".")[0], content), encoding="utf-8")
    return folder / "system.toml"
