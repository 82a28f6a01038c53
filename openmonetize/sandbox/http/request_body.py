"""Request bodies on the wire: where a body ends, and no more of it in memory than is asked for.

What is malformed here, the platform's HTTP parser (llhttp of Node.js) refuses too: `MalformedBody` becomes its plain
400, and the connection is closed, since nobody knows where the next request would begin.
"""

from __future__ import annotations

import re
from email.message import Message
from io import BufferedIOBase

from openmonetize.sandbox.http.uploads import Upload, Uploads

_PIECE = 65_536  # bytes read at once
# Bytes of a chunk's line with its extensions, and of the trailers: Node.js takes no more of either (CVE-2024-22019).
_MAX_LINE = 16_384
_MAX_LENGTH = 2**64  # exclusive; llhttp counts lengths in 64 bits

_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")


class MalformedBody(ConnectionError):
    """The length of the body, or one of its chunks, is not as HTTP/1.1 has it (RFC 9112, sections 6 and 7)."""


class BodyTooLarge(Exception):
    """The body has, or announces, more bytes than were allowed."""


class RequestBody:
    """The body of one request.

    Args:
        source: the connection.
        length: the length that the head names; None if the body comes in chunks.
        uploads: what all bodies together may take.

    Attributes:
        limit: the most bytes that `read` may read in all.
    """

    def __init__(self, source: BufferedIOBase, length: int | None, uploads: Uploads) -> None:
        self.limit = 0
        self._source = source
        self._chunked = length is None
        self._left = length or 0  # of the body or, if it is chunked, of the chunk
        self._read = 0
        self._first = True
        self._ended = length == 0
        self._upload: Upload = uploads.upload()

    @property
    def ended(self) -> bool:
        """Whether the whole body has been read."""
        return self._ended

    @property
    def remaining(self) -> int | None:
        """How many bytes are left to read; None if the body does not say."""
        return None if self._chunked and not self._ended else self._left

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or all that are left.

        Raises:
            BodyTooLarge: the body or its next chunk is known to go beyond `limit`.
            MalformedBody: a chunk is malformed.
            TooManyUploads: too many bodies are being read.
            ConnectionAbortedError: the client has left.
            OSError: the connection is broken, or the body took too long.
        """
        pieces: list[bytes] = []
        while size > 0:
            piece = self._piece(size, bounded=True)
            if not piece:
                break
            self._upload.grow(len(piece))
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def skip(self, size: int, *, bounded: bool = False) -> bool:
        """Read at most `size` bytes without keeping them, and return whether that was the rest of the body.

        Raises:
            BodyTooLarge: the body goes beyond `limit`, and is `bounded` by it.
            OSError: as with `read`.
        """
        while size > 0 and not self._ended:
            size -= len(self._piece(size, bounded))
        return self._ended

    def close(self) -> None:
        """Tell that the body is no longer in memory."""
        self._upload.close()

    def _piece(self, size: int, bounded: bool) -> bytes:
        """Return up to `size` bytes; none at the end."""
        if self._chunked and not self._left and not self._ended:
            self._next_chunk()
        if self._ended:
            return b""
        if bounded and self._read + self._left > self.limit:
            raise BodyTooLarge
        piece = self._source.read(min(size, self._left, _PIECE))
        if not piece:
            raise ConnectionAbortedError("the client left before its body had arrived")
        self._left -= len(piece)
        self._read += len(piece)
        self._ended = not self._chunked and not self._left
        return piece

    def _next_chunk(self) -> None:
        if not self._first and self._line() != b"\r\n":
            raise MalformedBody("a chunk is longer than it says")
        self._first = False
        line = _CHUNK_LINE.fullmatch(self._line())
        if line is None:
            raise MalformedBody("a chunk has no valid size")
        self._left = int(line[1], 16)
        if not self._left:
            self._skip_trailers()
            self._ended = True

    def _skip_trailers(self) -> None:
        left = _MAX_LINE
        while left > 0:
            line = self._line()
            if line == b"\r\n":
                return
            if _TRAILER.fullmatch(line) is None:
                break
            left -= len(line)
        raise MalformedBody("the trailers are malformed, or too long")

    def _line(self) -> bytes:
        line = self._source.readline(_MAX_LINE)
        if not line or (not line.endswith(b"\n") and len(line) < _MAX_LINE):
            raise ConnectionAbortedError("the client left before its body had arrived")
        return line


def open_body(headers: Message, version: str, source: BufferedIOBase, uploads: Uploads) -> RequestBody:
    """Return the body of a request.

    Args:
        headers: of the request.
        version: such as ``"HTTP/1.1"``.
        source: the connection, behind the head.
        uploads: what all bodies together may take.

    Raises:
        MalformedBody: the headers do not say where the body ends, or contradict each other. Such a request would be
            cut in different places by different servers (request smuggling).
    """
    return RequestBody(source, _length(headers, version), uploads)


def _length(headers: Message, version: str) -> int | None:
    codings, lengths = headers.get_all("Transfer-Encoding", []), headers.get_all("Content-Length", [])
    if codings:
        if lengths or version < "HTTP/1.1" or [coding.strip().lower() for coding in codings] != ["chunked"]:
            raise MalformedBody("Transfer-Encoding must be 'chunked', and the only length")
        return None
    if not lengths:
        return 0
    text = lengths[0].strip()
    if len(lengths) > 1 or not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) >= _MAX_LENGTH:
        raise MalformedBody("Content-Length must be one whole number")
    return int(text)
