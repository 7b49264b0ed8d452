"""system.toml: one file describes one hospital system."""

from training.system.model import Circumstances, Event, EventKind, SchoolTerm, Source, SystemFile, Tenure
from training.system.reading import read_system

__all__ = ["Circumstances", "Event", "EventKind", "SchoolTerm", "Source", "SystemFile", "Tenure", "read_system"]
