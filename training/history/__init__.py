"""History: daily counts as they became known, from sources that cannot be trusted to an archive that can."""

from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.summary import FileSummary, IngestSummary

__all__ = ["Archive", "FileSummary", "IngestSummary", "ingest"]
