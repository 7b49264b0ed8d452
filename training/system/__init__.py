"""system.toml: one file describes one hospital system."""

from training.system.model import Event, EventKind, SchoolTerm, Source, SystemFile
from training.system.reading import read_system

__all__ = ["Event", "EventKind", "SchoolTerm", "Source", "SystemFile", "read_system"]
