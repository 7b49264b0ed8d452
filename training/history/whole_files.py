"""Files beside the archive that a person reads: each is there whole or not at all."""

from contextlib import suppress
from pathlib import Path

from training.errors import HistoryError


def write_atomically(file: Path, content: str, what: str, so_far: str) -> None:
    """Write the text in place of what the file held.

    Raises HistoryError where that cannot be: `what` says what was being written, `so_far` what became of the ingest.
    """
    unfinished = file.with_suffix(".unfinished")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(content, encoding="utf-8", newline="")
        unfinished.replace(file)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise HistoryError(
            f"Writing {what}: {error.strerror or error}. {so_far} "
            "Make room there, or make it writable, and ingest again."
        ) from error
