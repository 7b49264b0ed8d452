"""system.toml: one file describes one hospital system."""

from training.system.model import Event, EventKind, OpeningPeriod, SchoolTerm, Source, SystemContext, SystemFile
from training.system.reading import read_system

__all__ = ["Event", "EventKind", "OpeningPeriod", "SchoolTerm", "Source", "SystemContext", "SystemFile", "read_system"]
