"""What the last publication made, kept at home: tomorrow's makes only what is new or has changed.

A version's state is that of its training day. Windows since then, and those that see a late feed, would be made again
every morning. All of it stands under digests of its data, so nothing here can be out of date; it may be deleted.
"""

import logging
import shutil
import zipfile
from pathlib import Path
from tempfile import mkdtemp

from training.pipeline.state import State, read_state

log = logging.getLogger("headroom")
CODE = "code.txt"
DAMAGED = (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile)


class StateFolder:
    """A folder with the state of the newest publication; `code` is the version of the code that makes it."""

    def __init__(self, folder: Path, code: str) -> None:
        self._folder = folder
        self._code = code

    def read(self) -> State:
        """The state; an empty one where there is none, it is damaged, or other code made it."""
        try:
            if (self._folder / CODE).read_text(encoding="utf-8") != self._code:
                return State()
            return read_state(self._folder)
        except DAMAGED:
            return State()

    def write(self, state: State) -> None:
        """Put the state in the place of the last, complete or not at all; a disk that is full ends nothing."""
        try:
            self._write(state)
        except OSError as error:
            log.warning("Saving what the publication made in %s: %s. It is made again next time.", self._folder, error)

    def _write(self, state: State) -> None:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(mkdtemp(dir=self._folder.parent, prefix=".state-"))
        try:
            state.write(fresh)
            (fresh / CODE).write_text(self._code, encoding="utf-8")
            shutil.rmtree(self._folder, ignore_errors=True)
            fresh.replace(self._folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
