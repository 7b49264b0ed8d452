"""The log as lines of JSON: one object for each event, so that a machine can read it, and a person can still."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import NamedTuple, TextIO


class Told(NamedTuple):
    """What is told of a request. `key`: the name of the key that asked, `-` for none; `size` in bytes."""

    request_id: str
    key: str
    method: str
    route: str
    status: int
    duration_seconds: float
    size: int
    client: str


LINE = (
    '{"time":"%s","level":"info","logger":"service.requests","message":"request","request_id":"%s","key":"%s",'
    '"method":"%s","route":"%s","status":%d,"duration_seconds":%.6f,"bytes":%d,"client":"%s"}\n'
)


class JsonLines(logging.Formatter):
    """`time`, `level`, `logger`, `message`, and what was told with it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told = record.__dict__.get("told")
        if isinstance(told, dict):
            line |= told
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class RequestLog:
    """A line for each request, written past the log's own machinery, which takes longer than an answer does.

    Every text in it is one that we chose, or of plain letters: none needs to be escaped.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, told: "Told") -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._stream.write(LINE % (time, *told))


def configure(stream: TextIO = sys.stderr) -> None:
    """Send every log of this process to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
