"""Where the bytes of usage files come from: paths, patterns, addresses, standard input; plain or compressed."""

from __future__ import annotations

import glob
import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Callable, NamedTuple, Union, cast

from openmonetize.exceptions import ApiTypeError, ApiValueError, MissingExtraError
from openmonetize.files.errors import FilesError
from openmonetize.files.objects import downloaded, find_objects, is_remote, shown

FilePath = Union[str, "os.PathLike[str]"]

STANDARD_INPUT = "-"
# Of the checkpoint that the command keeps beside a file: a pattern such as `logs/*` does not mean it.
CHECKPOINT_SUFFIX = ".openmonetize-sent"
_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd")
_ZSTANDARD_BYTES = 4096  # compressed bytes that are read at a time; they may hold thousands of times as many
_PEEKED = 4096  # bytes that tell what a file is


class Source(NamedTuple):
    """A usage file.

    Attributes:
        name: as the user knows it.
        suffix: of the name without that of a compression, in lower case: ``.csv``, ``.jsonl``, ...; may be empty.
        address: of a file that is not on this machine.
    """

    name: str
    suffix: str
    address: str = ""


def find_sources(paths: FilePath | Iterable[FilePath]) -> list[Source]:
    """Return the files that paths and patterns stand for, those of a pattern in the order of their names.

    Args:
        paths: one or several: paths, patterns such as ``logs/*.csv.gz``, both also in object stores, addresses on web
            servers, or ``-`` for standard input.

    Raises:
        ApiTypeError: it is neither.
        ApiValueError: there is no such file.
        FilesError: a server does not have it, or cannot be asked.
        MissingExtraError: it is on a server, and nothing here reads that.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    if not isinstance(paths, Iterable):
        raise ApiTypeError(f"paths must be a path, or a list of paths, not {paths!r}")
    names: list[str] = []
    for path in paths:
        if not isinstance(path, (str, os.PathLike)):
            raise ApiTypeError(f"a usage file is named by its path, not by {path!r}")
        names += _matching(os.fspath(path))
    if not names:
        raise ApiValueError("no usage file is named")
    known: dict[object, str] = {}
    for name in names:
        file = _identity(name)
        if file in known:
            also = "" if known[file] == name else f", as {known[file]}"
            raise ApiValueError(f"{shown(name)} is named twice{also}: its rows would count twice")
        known[file] = name
    return [_source(name) for name in names]


def _source(path: str) -> Source:
    name = shown(path) if is_remote(path) else path
    return Source(name, _suffix(name), path if is_remote(path) else "")


def _matching(path: str) -> list[str]:
    if is_remote(path):
        return [name for name in find_objects(path) if not name.endswith(CHECKPOINT_SUFFIX)]
    if path == STANDARD_INPUT or os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        raise ApiValueError(f"{path} is a directory: name the files in it, such as {os.path.join(path, '*.csv')}")
    if glob.has_magic(path):
        found = sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
        found = [name for name in found if not name.endswith(CHECKPOINT_SUFFIX)]
        if not found:
            raise ApiValueError(f"no file matches {path}")
        return found
    if os.path.exists(path):  # a pipe
        return [path]
    raise ApiValueError(f"there is no file {path}")


def _identity(name: str) -> object:
    """Return what two names of one file have in common, such as a link's and that of its target."""
    if name == STANDARD_INPUT or is_remote(name):
        return name
    found = os.stat(name)
    return (found.st_dev, found.st_ino) if found.st_ino else os.path.realpath(name)


def _suffix(name: str) -> str:
    base, suffix = os.path.splitext(name.lower())
    return os.path.splitext(base)[1] if suffix in _COMPRESSED else suffix


@contextmanager
def opened(source: Source) -> Iterator[tuple[io.BufferedReader, Callable[[], int]]]:
    """Open a file for reading its uncompressed bytes. How it is compressed, its first bytes say.

    Yields:
        The file, and a function that returns how many bytes of it, as they are stored, were read.

    Raises:
        FilesError: it cannot be read; also what goes wrong while it is open.
        MissingExtraError: it is compressed by zstd, and nothing here reads that.
    """
    try:
        with _raw(source) as raw:
            position = raw.tell if raw.seekable() else int
            start = raw.peek(_PEEKED)[:4]
            if start.startswith(_GZIP):
                with gzip.open(raw) as plain:
                    yield io.BufferedReader(cast(Any, plain)), position
            elif start == _ZSTANDARD:
                with _zstandard(raw) as plain:
                    yield io.BufferedReader(cast(Any, plain)), position
            else:
                yield raw, position
    except (OSError, EOFError, zlib.error) as error:
        raise FilesError(f"{source.name} cannot be read: {error}") from error
    except Exception as error:
        if type(error).__name__ in ("ZstdError", "ZstandardError"):  # of whichever library reads it
            raise FilesError(f"{source.name} cannot be read: {error}") from error
        raise


@contextmanager
def _raw(source: Source) -> Iterator[io.BufferedReader]:
    if source.name == STANDARD_INPUT:
        stream: Any = getattr(sys.stdin, "buffer", sys.stdin)
        yield stream if hasattr(stream, "peek") else io.BufferedReader(stream)
    elif source.address:
        with downloaded(source.address) as copy:
            yield copy
    else:
        with open(source.name, "rb") as file:
            yield file


def _zstandard(raw: IO[bytes]) -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14

        return zstd.open(raw)
    except ImportError:
        pass
    try:
        import zstandard
    except ImportError:
        raise MissingExtraError("to read files that zstd compressed: pip install 'openmonetize[files]'") from None
    return _Frames(raw, zstandard.ZstdDecompressor().decompressobj)


class _Frames(io.RawIOBase):
    """What zstd frames after each other hold. The package's own reader takes a file that was cut off for a whole one.

    Args:
        raw: the compressed bytes.
        new_frame: gives the decompressor of the next frame.
    """

    def __init__(self, raw: IO[bytes], new_frame: Callable[[], Any]) -> None:
        self._raw, self._new_frame = raw, new_frame
        self._frame: Any = None
        self._rest = b""  # of the frames
        self._plain = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain:
            data = self._rest or self._raw.read(_ZSTANDARD_BYTES)
            if not data:
                if self._frame is not None:
                    raise EOFError("its compressed bytes end too early")
                return 0
            self._frame = self._frame or self._new_frame()
            self._plain, self._rest = memoryview(self._frame.decompress(data)), b""
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        count = min(len(buffer), len(self._plain))
        buffer[:count], self._plain = self._plain[:count], self._plain[count:]
        return count
