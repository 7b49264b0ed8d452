"""HTTP as uvicorn speaks it, with limits: on a request that is too long or too slow, a reader that does not read."""

import asyncio
import itertools
from collections.abc import Iterable
from typing import Any, ClassVar

import httptools
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.http.access_record import (
    ANONYMOUS,
    OTHER_METHOD,
    REQUEST_ID,
    UNKNOWN_ROUTE,
    AccessRecord,
    Recorder,
    client_label,
    method_label,
    request_id_of,
)
from service.http.problems import (
    HeaderFieldsTooLargeError,
    MalformedRequestError,
    ProblemError,
    RequestTimeoutError,
    TooManyConnectionsError,
    problem_response,
)
from service.http.security import RAW_ANSWER_HEADERS

MOST_HEAD_BYTES = 32 * 1024
MOST_HEADERS = 100
MOST_AHEAD = 100
"""Requests that wait for the answer to the one before them; each takes 100 times the memory that it is long."""
REQUEST_SECONDS = 10.0
WRITE_SECONDS = 30.0

MALFORMED = "Send a request as HTTP/1.1 (RFC 9112) has it."
TOO_LONG = f"Address and headers may take {MOST_HEAD_BYTES:,} bytes, in {MOST_HEADERS} headers."
TOO_SLOW = f"A request, whatever body it announces included, is to arrive within {REQUEST_SECONDS:g} s."
TOO_MANY = "{most:,} connections are open, as many as may be. Try again."
CLOSE = (b"connection", b"close")


class LimitedProtocol(HttpToolsProtocol):
    """One connection. What cannot become a request is answered here: in the shape of every other error, and told.

    Its requests arrive one after the other, and uvicorn closes it where none follows. That timer of uvicorn's stops at
    the first byte, so from there until the request is whole, head and body, one of ours runs.
    """

    recorder: ClassVar[Recorder]
    most_connections: ClassVar[int]
    write_seconds: ClassVar[float] = WRITE_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._is_whole = False
        self._is_ending = False
        self._request_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._last_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self._refuse(TooManyConnectionsError(TOO_MANY.format(most=self.most_connections)))
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._request_timer, self._write_timer, self._last_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES and b"\r\n\r\n" not in data[:MOST_HEAD_BYTES]:
                self._refuse(HeaderFieldsTooLargeError(TOO_LONG))
                return
        self._is_whole = False
        self._unset_keepalive_if_required()
        self._parse(data)
        self._watch()

    def _parse(self, data: bytes) -> None:
        """All requests in one piece. Changing to another protocol is not offered: what asks for it is as any other."""
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] or len(data) :]
            except httptools.HttpParserError:
                self._refuse(MalformedRequestError(MALFORMED))
                return
            else:
                return

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's own return, which uvicorn has no use for
        """The caller has asked all that it will: what was asked before is answered."""
        if not self._is_answering:
            return False
        self._end_after_this()
        return True

    def on_message_begin(self) -> None:
        self._is_whole = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes = False, 0
        if self._is_over:  # what came in one piece with what was refused
            return
        head_bytes = len(self.url) + sum(map(len, itertools.chain.from_iterable(self.headers)))
        if len(self.headers) > MOST_HEADERS or head_bytes > MOST_HEAD_BYTES:
            self._refuse(HeaderFieldsTooLargeError(TOO_LONG), self.parser.get_method().decode("ascii"), self.headers)
            return
        if sum(name == b"host" for name, _ in self.headers) > 1:  # a proxy may go by one of them, we by the other
            self._refuse(MalformedRequestError(MALFORMED), self.parser.get_method().decode("ascii"), self.headers)
            return
        super().on_headers_complete()
        if len(self.pipeline) >= MOST_AHEAD:
            self._end_after_this()

    def on_message_complete(self) -> None:
        self._in_head = self._is_whole = True
        self._stop(self._request_timer)
        self._request_timer = None
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

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._linger()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._linger()

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():
            self._linger()

    @property
    def _is_over(self) -> bool:
        """Whether nothing more that arrives is looked at."""
        return self._is_ending or self.transport.is_closing()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        """Let a timer run, whatever the connection waits for: the rest of a request, or another one."""
        if self._is_over:
            return
        if not self._is_whole:
            if self._request_timer is None:
                self._request_timer = self.loop.call_later(REQUEST_SECONDS, self._too_slow)
        elif not self._is_answering and self.timeout_keep_alive_task is None:  # a body that came after its answer
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _too_slow(self) -> None:
        if not self._in_head and not self._is_answering:  # answered, whatever its body would have been
            self.transport.close()
            self._linger()
        else:
            self._refuse(RequestTimeoutError(TOO_SLOW))

    def _refuse(
        self, problem: ProblemError, method: str = OTHER_METHOD, headers: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        """Answer without the application, and hang up; where an answer is on its way, hang up after that one."""
        if self._is_over:
            return
        if self._is_answering:
            self._end_after_this()
            return
        given = dict(headers).get(REQUEST_ID)
        request_id = request_id_of(None if given is None else given.decode("latin-1"))
        answer = problem_response(problem, "", request_id)
        self.transport.write(_written(answer, request_id))
        self.transport.close()
        self._linger()
        response = (
            UNKNOWN_ROUTE,
            answer.status_code,
            self._waited_seconds(),
            len(answer.body),
            client_label(self.client),
        )
        self.recorder.record(AccessRecord(request_id, ANONYMOUS, method_label(method), *response))

    def _end_after_this(self) -> None:
        """Hang up once what was asked so far is answered; what comes after it is not looked at."""
        self._is_ending = True
        self.cycle.keep_alive = False

    def _linger(self) -> None:
        """A connection that is closed waits until the last of it has been read, but not for ever."""
        if self._last_timer is None:
            self._last_timer = self.loop.call_later(self.write_seconds, self.transport.abort)

    def _waited_seconds(self) -> float:
        """For how long the request had been awaited."""
        if self._request_timer is None:
            return 0.0
        return REQUEST_SECONDS - max(0.0, self._request_timer.when() - self.loop.time())

    @staticmethod
    def _stop(*timers: asyncio.TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()


def limited_protocol(recorder: Recorder, at_most: int) -> type[LimitedProtocol]:
    """Return the protocol of a server that holds `at_most` connections, and records what it rejects."""

    class Limited(LimitedProtocol):
        most_connections = at_most

    Limited.recorder = recorder
    return Limited


def _written(answer: Response, request_id: str) -> bytes:
    """The last answer of a connection, as bytes."""
    headers = [*answer.raw_headers, *RAW_ANSWER_HEADERS, (REQUEST_ID, request_id.encode()), CLOSE]
    head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return STATUS_LINE[answer.status_code] + head + b"\r\n" + bytes(answer.body)
