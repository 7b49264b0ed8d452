"""The log as lines of JSON: one object for each event, so that a machine can read it, and a person can still."""

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from service.http.access_record import AccessRecord

PAUSE_SECONDS = 0.1
MOST_WAITING = 20_000
"""Lines that wait to be written: some two seconds of a busy service, three megabytes."""
LAST_WRITE_SECONDS = 1.0


DROPPED = (
    '{"time":"%s","level":"warning","logger":"service.observability.logs","message":"%d lines of the log '
    'were dropped here: they were not read in time."}\n'
)
LINE = (
    '{"time":"%s","level":"info","logger":"service.requests","message":"request","request_id":"%s","key":"%s",'
    '"method":"%s","route":"%s","status":%d,"duration_seconds":%.6f,"bytes":%d,"client":"%s"}\n'
)


class Lines(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...


class Background:
    """Lines that a thread writes, a tenth of a second later: who stops reading the log stops no request.

    Where more wait than there is room for, lines are dropped, and how many is told in their place. `write` gets many
    lines at once; an OSError that it raises (nobody reads any more) is passed over.
    """

    def __init__(self, write: Callable[[str], object], most_waiting: int = MOST_WAITING) -> None:
        self._write = write
        self._most_waiting = most_waiting
        self._waiting: deque[str] = deque()
        self._n_dropped = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        if len(self._waiting) < self._most_waiting:
            self._waiting.append(text)
        else:
            self._n_dropped += 1

    def close(self) -> None:
        """Write what waits; give up after a second where nobody reads."""
        self._ending.set()
        self._thread.join(LAST_WRITE_SECONDS)

    def _write_on(self) -> None:
        while not self._ending.wait(PAUSE_SECONDS):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        n_dropped, self._n_dropped = self._n_dropped, 0
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if n_dropped:
            lines.append(DROPPED % (_now(), n_dropped))
        if lines:
            try:
                self._write("".join(lines))
            except OSError:
                self._n_dropped += len(lines)


def to_descriptor(number: int) -> Callable[[str], object]:
    """Writes whole texts to an open file, past Python's buffers: a writer that is stuck must not keep their locks."""

    def write(text: str) -> None:
        left = memoryview(text.encode(errors="backslashreplace"))
        while left:
            left = left[os.write(number, left) :]

    return write


class JsonLines(logging.Formatter):
    """`time`, `level`, `logger`, `message`, and what was told with it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = record.__dict__.get("fields")
        if isinstance(fields, dict):
            line |= fields
        if record.exc_info:
            line["traceback"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class RequestLog:
    """A line for each request, written past the log's own machinery, which takes longer than an answer does.

    Every text in it is one that we chose, or of plain letters: none needs to be escaped.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def write(self, access: AccessRecord) -> None:
        """Write the line of a request."""
        self._lines.write(LINE % (_now(), *access))


class Handler(logging.Handler):
    """Records as lines of JSON."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's line."""
        self._lines.write(f"{self.format(record)}\n")


def configure(lines: Lines) -> None:
    """Send every log of this process to `lines`."""
    logging.basicConfig(level=logging.INFO, handlers=[Handler(lines)], force=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
