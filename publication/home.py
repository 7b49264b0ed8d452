"""The home of a system, as far as both sides look at it."""

from pathlib import Path

RESTORE_MARKER = "restore.unfinished"
"""The file that is there while a restore replaces parts of the home, and after one that was killed then."""


def unfinished_restore(home: Path) -> str | None:
    """Return a sentence where a restore of the home has not ended: its parts may be of two times."""
    try:
        if not (home / RESTORE_MARKER).exists():
            return None
    except PermissionError:  # whatever opens the home next says so
        return None
    return (
        f"Opening the home {home}: a restore of it has not ended. Wait for it; if it was stopped, run the same "
        "`headroom restore ...` again."
    )
