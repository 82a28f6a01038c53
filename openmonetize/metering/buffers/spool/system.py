"""What operating systems do differently: locks, reading at an offset, flushing to the device."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Binary, and not inherited by programs that are started.
OPEN_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)  # are open, which passes
_POLL_INTERVAL = 0.005  # seconds between attempts to get a lock

if sys.platform == "win32":
    import msvcrt

    # Its CRT opens files so that they can neither be renamed nor removed before they are closed.
    RENAMES_OPEN_FILES = False
    # Locks are mandatory there: a byte far behind the data leaves the data readable, see LockFileEx.
    _LOCKED_BYTE = 2**62

    def try_lock(fd: int) -> bool:
        """Take the exclusive lock of an open file; return False if another open file holds it."""
        try:
            _lock(fd, msvcrt.LK_NBLCK)
        except PermissionError:
            return False
        return True

    def unlock(fd: int) -> None:
        """Give the lock up."""
        _lock(fd, msvcrt.LK_UNLCK)

    def _lock(fd: int, mode: int) -> None:
        os.lseek(fd, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(fd, mode, 1)

    def read_at(fd: int, size: int, offset: int) -> bytes:
        """Read up to ``size`` bytes."""
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size)

    def open_for_reading(fd: int, path: str) -> int:
        """Open a file a second time: threads that append with the first one move its offset between two calls here."""
        return os.open(path, os.O_RDONLY | OPEN_FLAGS)

    def write_at(fd: int, data: bytes, offset: int) -> None:
        """Write over what is there."""
        os.lseek(fd, offset, os.SEEK_SET)
        os.write(fd, data)

    def flush_to_device(fd: int) -> None:
        """Return when the file's data are on the device (FlushFileBuffers)."""
        os.fsync(fd)

    def flush_directory(path: str) -> None:
        """Do nothing: the file system's journal has the names of files that were flushed."""

    def is_foreign(path: str) -> bool:
        """Return False: the folder's access list decides."""
        return False

else:
    import fcntl

    def try_lock(fd: int) -> bool:
        """Take the exclusive lock of an open file; return False if another open file holds it.

        The lock is flock's. It belongs to the open file, not to the process as fcntl's does: closing another
        descriptor of the same file keeps it, and the kernel frees it when the last process that has it open ends.
        """
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(fd: int) -> None:
        """Give the lock up, also for forks that have inherited the open file."""
        fcntl.flock(fd, fcntl.LOCK_UN)

    RENAMES_OPEN_FILES = True

    read_at = os.pread

    def open_for_reading(fd: int, path: str) -> int:
        """Return the same descriptor: reading at an offset does not move that of others."""
        return fd

    write_at = os.pwrite

    def flush_to_device(fd: int) -> None:
        """Return when the file's data are on the device."""
        if sys.platform == "darwin":
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)  # fsync(2) there leaves them in the drive's cache
        else:
            os.fdatasync(fd)

    def flush_directory(path: str) -> None:
        """Return when the names of the files in a directory are on the device."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def is_foreign(path: str) -> bool:
        """Return whether another user owns a file, which makes its modes and contents theirs."""
        return os.stat(path).st_uid != os.geteuid()


def unlink(path: str) -> None:
    """Remove a file, unless another process was first."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def append_whole(fd: int, data: bytes) -> None:
    """Append to an open file; raise `OSError` if not all of it was written, because the disk is full."""
    if os.write(fd, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def replace_file(path: str, new: str, data: bytes, durable: bool = False) -> None:
    """Write a file as a whole, or leave what is there as it is.

    Args:
        path: the file.
        new: where it is written first.
        data: its contents.
        durable: return when it is on the device, under its name.
    """
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | OPEN_FLAGS, 0o600)
    try:
        append_whole(fd, data)
        if durable:
            flush_to_device(fd)
    except BaseException:
        os.unlink(new)
        raise
    finally:
        os.close(fd)
    os.replace(new, path)
    if durable:
        flush_directory(os.path.dirname(path))


def lock(fd: int, timeout: float) -> None:
    """Take the lock of an open file; raise `TimeoutError` if others hold it for so many seconds."""
    deadline = time.monotonic() + timeout
    while not try_lock(fd):
        if time.monotonic() >= deadline:
            raise TimeoutError(errno.ETIMEDOUT, f"another process holds a file for more than {timeout} seconds")
        time.sleep(_POLL_INTERVAL)


@contextmanager
def locked_file(path: str, timeout: float) -> Iterator[int]:
    """Open a file for reading and appending, create it if there is none, and hold its lock for a block.

    Raises:
        TimeoutError: others held the lock for ``timeout`` seconds.
        OSError: the file cannot be used.
    """
    while True:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | OPEN_FLAGS, 0o600)
        try:
            lock(fd, timeout)
            try:
                if is_named(fd, path):  # another process may have replaced it while this one waited
                    yield fd
                    return
            finally:
                unlock(fd)  # a process that was forked meanwhile has the file open for as long as it lives
        finally:
            os.close(fd)


def is_named(fd: int, path: str) -> bool:
    """Return whether an open file is the one at ``path``: it may have been replaced or removed."""
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(fd), there)
