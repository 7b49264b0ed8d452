"""History: daily counts as they became known, from sources that cannot be trusted to an archive that can."""

from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.plausibility import Severity
from training.history.review import review, write_findings, write_proposals
from training.history.summary import FileSummary, IngestSummary

__all__ = [
    "Archive",
    "FileSummary",
    "IngestSummary",
    "Severity",
    "ingest",
    "review",
    "write_findings",
    "write_proposals",
]
