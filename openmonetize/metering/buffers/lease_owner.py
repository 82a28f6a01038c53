"""Who holds a lease, and whether that process is certainly gone."""

from __future__ import annotations

import os
import sqlite3
from typing import Optional

_UNKNOWN = ""


def identity() -> str:
    """Names this process: boot, process namespace, process id, start time. Unknown parts are empty."""
    pid = os.getpid()
    return "|".join((_boot(), _namespace(), str(pid), _start(pid) or _UNKNOWN))


def is_gone(owner: str) -> bool:
    """True only where the process that ``owner`` names has certainly ended, or the machine was restarted.

    A process in another container cannot be seen: the answer is False, and its lease has to run out.
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
    """Enter this process as an owner of leases. Returns the owner's id, which no other has, in this file or another."""
    number = int.from_bytes(os.urandom(7), "big")
    connection.execute("INSERT INTO owner(id, identity) VALUES (?, ?)", (number, identity()))
    return number


def reclaim(connection: sqlite3.Connection, me: int) -> None:
    """Free what processes that have ended hold."""
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


def _start(pid: int) -> Optional[str]:
    """When the process started, in clock ticks after boot; None where it has ended."""
    # The command, in brackets, may hold blanks and brackets itself; what follows it is plain.
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
