"""Bodies in chunks, plain and gzip-compressed, built part by part."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from isal import isal_zlib

TAG_LENGTH = 32
GZIP_LEVEL = 2  # level 3 saves one byte in forty, but writes other bytes on other processors; ADR 15
GZIP_CONTAINER = 31  # window bits for a gzip header, which is written without an instant
CHUNK_BYTES = 256 * 1024
ZIPPED_CHUNK_BYTES = 32 * 1024  # about as much once decompressed
MAX_PLAIN_BYTES = 4 * 1024 * 1024  # of larger bodies only the compressed one is held


@dataclass(frozen=True, slots=True)
class Body:
    """`length` counts the plain bytes; the tag is the start of their SHA-256, in hexadecimal digits."""

    plain: "tuple[bytes, ...] | DecompressedBody"
    zipped: tuple[bytes, ...]
    length: int
    tag: str


class BodyBuilder:
    """Builds a body from its parts."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._zipper = isal_zlib.compressobj(GZIP_LEVEL, wbits=GZIP_CONTAINER)
        # Hashing and compressing release the interpreter, and wait to get it back: small parts would do so often.
        self._parts, self._zipped_parts = Rechunker(CHUNK_BYTES), Rechunker(ZIPPED_CHUNK_BYTES)
        self._plain: list[bytes] = []
        self._zipped: list[bytes] = []
        self._length = 0

    def add(self, part: bytes) -> None:
        for chunk in self._parts.cut(part):
            self._take(chunk)

    def done(self) -> Body:
        """Return the body of all parts. None may be added after."""
        for chunk in self._parts.rest():
            self._take(chunk)
        self._zipped += [*self._zipped_parts.cut(self._zipper.flush()), *self._zipped_parts.rest()]
        zipped = tuple(self._zipped)
        plain = tuple(self._plain) if self._length <= MAX_PLAIN_BYTES else DecompressedBody(zipped)
        return Body(plain, zipped, self._length, self._hash.hexdigest()[:TAG_LENGTH])

    def _take(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self._zipped += self._zipped_parts.cut(self._zipper.compress(chunk))
        self._length += len(chunk)
        if self._length <= MAX_PLAIN_BYTES:
            self._plain.append(chunk)
        else:
            self._plain.clear()


def body_of(*parts: bytes) -> Body:
    builder = BodyBuilder()
    for part in parts:
        builder.add(part)
    return builder.done()


@dataclass(frozen=True, slots=True)
class DecompressedBody:
    """A body that is held compressed, and decompressed chunk by chunk as it is sent, faster than a network takes it."""

    zipped: tuple[bytes, ...]

    def __iter__(self) -> Iterator[bytes]:
        unzipper = isal_zlib.decompressobj(wbits=GZIP_CONTAINER)
        yield from filter(None, map(unzipper.decompress, self.zipped))


class Rechunker:
    """Cuts parts into chunks of one size."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rest = bytearray()

    def cut(self, part: bytes) -> Iterator[bytes]:
        """Return the chunks that are full by now."""
        self._rest += part
        while len(self._rest) >= self._size:
            yield bytes(self._rest[: self._size])
            del self._rest[: self._size]

    def rest(self) -> Iterator[bytes]:
        """Return the last chunk, where there is one."""
        if self._rest:
            yield bytes(self._rest)
