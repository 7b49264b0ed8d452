"""Load, and what it met: wrk for how many, a paced client for how long, a reader for how much."""

import asyncio
import hashlib
import re
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
CONNECTIONS = 32
REVISION_WITHIN_BYTES = 400  # of the start of a body of JSON


@dataclass(frozen=True)
class Wrk:
    """Results of wrk: requests a second, milliseconds of the 99th percentile, and everything that went wrong."""

    per_second: float
    p99_ms: float
    failed: int


def wrk(url: str, seconds: int, *headers: str, connections: int = CONNECTIONS) -> Wrk:
    arguments = [argument for header in headers for argument in ("-H", header)]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *arguments, url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    p99, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", text)[0]
    errors = re.findall(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    rejected = re.findall(r"Non-2xx or 3xx responses: (\d+)", text)
    failed = sum(map(int, errors[0] if errors else ())) + sum(map(int, rejected))
    return Wrk(float(re.findall(r"Requests/sec:\s+([\d.]+)", text)[0]), float(p99) * UNITS[unit], failed)


@dataclass
class Met:
    """Results of a paced client: seconds from when a request was due to its last byte, and what was not right."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    first_seen: dict[int, float] = field(default_factory=dict)
    """By revision, the instant (of `time.monotonic`) of the first body that had it."""

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]


@dataclass(frozen=True)
class Answer:
    """A response: its status, its ETag without quotation marks, and its body as it was sent."""

    status: int
    etag: str
    body: bytes


class Connection:
    """A connection that stays open, and is opened again after an error.

    Plain streams: a client library would take more of the processor than the service that is measured.
    """

    def __init__(self, url: str, key: str, accept_encoding: str = "identity") -> None:
        self._address = urlsplit(url)
        self._head = f"Host: {self._address.netloc}\r\nAuthorization: Bearer {key}\r\n"
        self._head += f"Accept-Encoding: {accept_encoding}\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, etag: str = "", timeout: float | None = None) -> Answer:
        """Raises OSError, asyncio.IncompleteReadError or TimeoutError where there is no complete answer."""
        try:
            async with asyncio.timeout(timeout):
                return await self._get(path, f'If-None-Match: "{etag}"\r\n' if etag else "")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _get(self, path: str, condition: str) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._address.hostname, self._address.port)
        reader, writer = self._streams
        writer.write(f"GET {path} HTTP/1.1\r\n{self._head}{condition}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        etags = re.findall(r'^etag: "([^"]+)"', head, re.MULTILINE)
        return Answer(status, etags[0] if etags else "", await _body(reader, head, status))


async def _body(reader: asyncio.StreamReader, head: str, status: int) -> bytes:
    if status == HTTPStatus.NOT_MODIFIED:
        return b""
    if "\r\ntransfer-encoding: chunked" not in head:
        return await reader.readexactly(int(re.findall(r"^content-length: (\d+)", head, re.MULTILINE)[0]))
    chunks = []
    while n_bytes := int(await reader.readuntil(b"\r\n"), base=16):
        chunks.append(await reader.readexactly(n_bytes))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(chunks)


async def paced(url: str, per_second: float, seconds: float, key: str, connections: int = 8) -> Met:
    """Ask at a steady pace, whatever the answers take; hold each body to its ETag."""
    met, parts = Met(), urlsplit(url)
    path = f"{parts.path}{'?' + parts.query if parts.query else ''}"

    async def send(connection: Connection, due: float, _number: int) -> None:
        answer = await connection.get(path)
        met.seconds.append(time.perf_counter() - due)
        met.tags.add(answer.etag)
        if revision := re.search(rb'"revision":\s*(\d+)', answer.body[:REVISION_WITHIN_BYTES]):
            met.first_seen.setdefault(int(revision[1]), time.monotonic())
        digest = hashlib.sha256(answer.body).hexdigest()
        if answer.status != HTTPStatus.OK or not answer.etag or not digest.startswith(answer.etag):
            met.failed.append(f"status {answer.status}")

    await at_constant_rate(
        send, int(per_second * seconds), per_second, [Connection(url, key) for _ in range(connections)]
    )
    return met


async def at_constant_rate(
    send: Callable[[Connection, float, int], Awaitable[None]], n: int, per_second: float, connections: list[Connection]
) -> None:
    """Send requests 0 to n - 1, each when it is due, whatever the answers take; they wait for a free connection."""
    began = time.perf_counter()
    waiting: asyncio.Queue[tuple[float, int] | None] = asyncio.Queue()

    async def send_when_due(connection: Connection) -> None:
        while (request := await waiting.get()) is not None:
            await send(connection, *request)
        connection.close()

    async def schedule() -> None:
        for number in range(n):
            due = began + number / per_second
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            waiting.put_nowait((due, number))
        for _ in connections:
            waiting.put_nowait(None)

    await asyncio.gather(schedule(), *map(send_when_due, connections))


def download(url: str, key: str) -> tuple[float, float, int]:
    """Seconds to the first byte, megabytes a second, bytes: of one complete body, as curl reports them."""
    command = ["curl", "-s", "-o", "/dev/null", "-H", f"Authorization: Bearer {key}"]
    arguments = ["-w", "%{time_starttransfer} %{time_total} %{size_download}", url]
    first, total, size = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=True
    ).stdout.split()
    return float(first), int(size) / 1e6 / (float(total) - float(first)), int(size)
