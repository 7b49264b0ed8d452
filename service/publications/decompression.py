"""Decompression of documents by ISA-L: in a third of the time that the standard library takes."""

import zlib

from isal import igzip_lib, isal_zlib

from publication.document import GZIP


class IsalDecompressor:
    """A decompressor of gzip's format; it raises zlib.error for damaged data."""

    def __init__(self) -> None:
        self._decompressor = isal_zlib.decompressobj(wbits=GZIP)

    @property
    def eof(self) -> bool:
        """Return whether the end of the data has been read."""
        return self._decompressor.eof

    def decompress(self, data: bytes, /) -> bytes:
        """Return the next part of the data."""
        try:
            return self._decompressor.decompress(data)
        except igzip_lib.IsalError as error:  # type: ignore[misc]  # its stub gives an instance
            raise zlib.error(str(error)) from error
