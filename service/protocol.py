"""HTTP as uvicorn speaks it, with limits: on a head that is too long or too slow, a reader that does not read."""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.problems import (
    MEDIA_TYPE,
    HeadTooLargeError,
    MalformedRequestError,
    ProblemError,
    TooManyConnectionsError,
    TooSlowError,
    problem_body,
)

MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
MOST_CONNECTIONS = 2000
HEAD_SECONDS = 10.0
WRITE_SECONDS = 30.0

MALFORMED = "Send a request as HTTP/1.1 (RFC 9112) has it."
TOO_LONG = f"Address and headers may take {MOST_HEAD_BYTES:,} bytes, in {MOST_HEADERS} headers."
TOO_SLOW = f"A request's address and headers are to arrive within {HEAD_SECONDS:g} s."
TOO_MANY = f"{MOST_CONNECTIONS:,} connections are open, as many as may be. Try again."


class GuardedProtocol(HttpToolsProtocol):
    """One connection. What cannot become a request is answered here, in the shape of every other error."""

    head_seconds: ClassVar[float] = HEAD_SECONDS
    write_seconds: ClassVar[float] = WRITE_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(TooManyConnectionsError(TOO_MANY))
        else:
            self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._head_timer, self._write_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and b"\r\n\r\n" not in data[:MOST_HEAD_BYTES]:
                self._refuse(HeadTooLargeError(TOO_LONG))
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._stop(self._head_timer)
        self._head_timer, self._in_head, self._head_bytes = None, False, 0
        if len(self.headers) > MOST_HEADERS or len(self.url) > MOST_HEAD_BYTES:
            self._refuse(HeadTooLargeError(TOO_LONG))
            return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        if self.cycle is not None:
            super().on_message_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle is not None:
            super().on_body(body)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop(self._write_timer)
        self._write_timer = self.loop.call_later(self.write_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop(self._write_timer)

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn where the parser gives up."""
        self._refuse(MalformedRequestError(MALFORMED))

    def _too_slow(self) -> None:
        self._refuse(TooSlowError(TOO_SLOW))

    def _refuse(self, problem: ProblemError) -> None:
        """Answer without a request, and hang up."""
        if self.transport.is_closing():
            return
        body = problem_body(problem, "", "")
        head = (
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\ncache-control: no-store\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[problem.status] + head.encode() + body)
        self.transport.close()

    @staticmethod
    def _stop(*timers: asyncio.TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()
