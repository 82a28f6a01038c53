"""Texts in UTF-16, as Excel and PowerShell write them, become UTF-8; what is no text at all is said."""

from __future__ import annotations

import codecs
import io
from typing import Any, cast

from openmonetize.files.errors import FilesError

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF_32_LE = codecs.BOM_UTF32_LE  # begins as that of UTF-16 does
# What files begin with that are often taken for usage files.
_OTHERS = {
    b"PK\x03\x04": "a zip archive or an Excel workbook: unpack it, or save it as CSV",
    b"BZh": "compressed by bzip2: unpack it",
    b"\xfd7zXZ\0": "compressed by xz: unpack it",
    b"\x1f\x8b": "compressed by gzip twice: unpack it",
    b"SQLite format 3\0": "a database: export the table as CSV",
}
_READ_BYTES = 64 * 1024


def as_utf8(file: io.BufferedReader, start: bytes, name: str) -> io.BufferedReader:
    """Return a file that gives the same text in UTF-8.

    Args:
        file: its bytes.
        start: the first of them.
        name: its name, for errors.

    Raises:
        FilesError: it is a file of another kind.
    """
    for magic, kind in _OTHERS.items():
        if start.startswith(magic):
            raise FilesError(f"{name} is {kind}")
    if start.startswith(_UTF_16) and not start.startswith(_UTF_32_LE):
        return io.BufferedReader(cast(Any, _Recoded(file, name)))
    if b"\0" in start.split(b"\n", 1)[0]:
        raise FilesError(f"{name} is no text in UTF-8: there is a NUL byte in its first line")
    return file


class _Recoded(io.RawIOBase):
    """The text of a file in UTF-16, as UTF-8."""

    def __init__(self, file: io.BufferedReader, name: str) -> None:
        self._file, self._name = file, name
        self._decode = codecs.getincrementaldecoder("utf-16")().decode
        self._text = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._text:
            data = self._file.read(_READ_BYTES)
            try:
                text = self._decode(data, not data)
            except UnicodeDecodeError as error:
                raise FilesError(f"{self._name} is no text in UTF-16: {error}") from error
            self._text = memoryview(text.encode("utf-8", "surrogatepass"))
            if not data:
                break
        count = min(len(buffer), len(self._text))
        buffer[:count], self._text = self._text[:count], self._text[count:]
        return count
