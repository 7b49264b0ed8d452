"""The log as lines of JSON: one object for each event, readable for machines and people."""

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from service.http.access_record import AccessRecord

WRITE_SECONDS = 0.1
MAX_WAITING_LINES = 20_000
"""Lines that wait to be written: some two seconds of a busy service, three megabytes."""
LAST_WRITE_SECONDS = 1.0


DROPPED_LINE = (
    '{"time":"%s","level":"warning","logger":"service.observability.logs","message":"%d lines of the log '
    'were dropped here: they were not read in time."}\n'
)
ACCESS_LINE = (
    '{"time":"%s","level":"info","logger":"service.requests","message":"request","request_id":"%s","key":"%s",'
    '"method":"%s","route":"%s","status":%d,"duration_seconds":%.6f,"bytes":%d,"client":"%s"}\n'
)


class Lines(Protocol):
    """A destination of lines."""

    def write(self, text: str, /) -> object: ...


class Background:
    """Lines that a thread writes in batches, ten times a second, so that no request waits for a reader of the log.

    Where more wait than there is room for, lines are dropped, and a line says how many. `write` gets many lines at
    once; an OSError that it raises (the reader is gone) is ignored.
    """

    def __init__(self, write: Callable[[str], object], max_waiting: int = MAX_WAITING_LINES) -> None:
        self._write = write
        self._max_waiting = max_waiting
        self._waiting: deque[str] = deque()
        self._n_dropped = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        if len(self._waiting) < self._max_waiting:
            self._waiting.append(text)
        else:
            self._n_dropped += 1

    def close(self) -> None:
        """Write the lines that wait; give up after a second where nobody reads them."""
        self._ending.set()
        self._thread.join(LAST_WRITE_SECONDS)

    def _write_on(self) -> None:
        while not self._ending.wait(WRITE_SECONDS):
            self._write_waiting()
        self._write_waiting()

    def _write_waiting(self) -> None:
        n_dropped, self._n_dropped = self._n_dropped, 0
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if n_dropped:
            lines.append(DROPPED_LINE % (_now(), n_dropped))
        if lines:
            try:
                self._write("".join(lines))
            except OSError:
                self._n_dropped += len(lines)


def to_descriptor(number: int) -> Callable[[str], object]:
    """Return a writer to an open file, past Python's buffers: a blocked writer must not hold their locks."""

    def write(text: str) -> None:
        left = memoryview(text.encode(errors="backslashreplace"))
        while left:
            left = left[os.write(number, left) :]

    return write


class JsonLines(logging.Formatter):
    """Formats a record as JSON: `time`, `level`, `logger`, `message`, and its `fields`."""

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
    """A line for each request, without `logging`, whose records take five times as long.

    Every text in it is ours, or plain: none needs to be escaped.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def write(self, access: AccessRecord) -> None:
        """Write the line of a request."""
        self._lines.write(ACCESS_LINE % (_now(), *access))


class Handler(logging.Handler):
    """Writes log records as lines of JSON."""

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
    logging.getLogger("uvicorn.error").addFilter(is_no_upgrade_warning)


def is_no_upgrade_warning(record: logging.LogRecord) -> bool:
    """Return False for uvicorn's warnings of a request to change the protocol, which some HTTP clients always send."""
    return not record.getMessage().startswith(("Unsupported upgrade request", "No supported WebSocket library"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
