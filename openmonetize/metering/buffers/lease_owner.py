"""The process that holds a lease, and whether it has certainly ended."""

from __future__ import annotations

import os
import sqlite3

_UNKNOWN = ""


def identity() -> str:
    """Return the name of this process: boot, process namespace, process id, start time. Unknown parts are empty."""
    pid = os.getpid()
    return "|".join((_boot(), _namespace(), str(pid), _start(pid) or _UNKNOWN))


def is_gone(owner: str) -> bool:
    """Return True only if the process that ``owner`` names has certainly ended, or the machine was restarted.

    A process in another container cannot be seen: the result is False, and its lease has to run out.
    """
    try:
        boot, namespace, number, start = owner.split("|")
        pid = int(number)
    except ValueError:
        return False
    if boot and _boot() and boot != _boot():
        return True
    if not boot or boot != _boot() or namespace != _namespace():
        return False
    return _start(pid) != (start or None)


def register(connection: sqlite3.Connection) -> int:
    """Enter this process as an owner of leases. Return its id, which is unique, over all files."""
    number = int.from_bytes(os.urandom(7), "big")
    connection.execute("INSERT INTO owner(id, identity) VALUES (?, ?)", (number, identity()))
    return number


def reclaim(connection: sqlite3.Connection, me: int) -> None:
    """Free what processes hold that have ended."""
    for number, name in connection.execute("SELECT id, identity FROM owner WHERE id <> ?", (me,)).fetchall():
        if is_gone(name):
            release(connection, number)


def release(connection: sqlite3.Connection, number: int) -> None:
    """Free what this owner holds, and forget it."""
    connection.execute("UPDATE event SET owner = 0, until = 0 WHERE owner = ?", (number,))
    connection.execute("DELETE FROM owner WHERE id = ?", (number,))


def _boot() -> str:
    return _read("/proc/sys/kernel/random/boot_id")


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return _UNKNOWN


def _start(pid: int) -> str | None:
    """Return when the process started, in clock ticks after boot; None if it has ended."""
    # proc(5): the command, in brackets, may contain blanks and brackets itself; the fields after it do not.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in ("Z", "X"):
        return None
    return fields[19]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return _UNKNOWN
