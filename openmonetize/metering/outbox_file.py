"""Opening the outbox file: what may hold one, its schema, and SQLite's errors in plain words."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Iterator, Optional

from openmonetize.metering.errors import OutboxError

SCHEMA_VERSION = 1
_APPLICATION_ID = 0x4F4D6F62  # marks the file as an outbox of this library

_SCHEMA = (
    # An account is a key (its digest) at a base URL; keys of one customer share `customer_id` when known.
    """CREATE TABLE account(
        id INTEGER PRIMARY KEY, base_url TEXT NOT NULL, fingerprint TEXT NOT NULL, customer_id TEXT,
        accepted INTEGER NOT NULL DEFAULT 0, duplicate INTEGER NOT NULL DEFAULT 0,
        dropped INTEGER NOT NULL DEFAULT 0,
        UNIQUE (base_url, fingerprint))""",
    # AUTOINCREMENT: an id once used must never stand for another process.
    "CREATE TABLE owner(id INTEGER PRIMARY KEY AUTOINCREMENT, identity TEXT NOT NULL)",
    # `until`: monotonic time at which a lease (or, without owner, a delay) ends. A row leaves this table only
    # in the transaction that counts it.
    """CREATE TABLE event(
        id INTEGER PRIMARY KEY, account INTEGER NOT NULL, wire BLOB NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, owner INTEGER NOT NULL DEFAULT 0,
        until REAL NOT NULL DEFAULT 0)""",
    """CREATE TABLE dead(
        id INTEGER PRIMARY KEY, account INTEGER NOT NULL, wire BLOB NOT NULL,
        status INTEGER, reason TEXT NOT NULL, at REAL NOT NULL)""",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

#: File systems on which SQLite's shared memory or locks do not work between machines.
_NETWORK_TYPE = re.compile(
    r"(fuse\.)?(9p|afs|beegfs|ceph|cifs|coda|davfs|gcsfuse|glusterfs|gpfs|lustre|ncpfs|nfs\d?|ocfs2|orangefs|rclone"
    r"|s3fs|smb\d|smbfs|sshfs)"
)


def prepare(path: str) -> None:
    """Create the file, private to its user, or check the one that is there.

    Raises:
        OutboxError: the place cannot hold an outbox, or the file is something else.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise _misuse(path, f"the folder {folder!r} does not exist; create it first")
    kind = network_filesystem(path)
    if kind:
        raise _misuse(path, f"{kind} is a network file system, where SQLite can lose events; use a local disk")
    try:
        _create_private(path)
        with closing(connect(path)) as connection:
            _set_up(connection, path)
    except (sqlite3.Error, OSError) as error:
        raise failure(path, error) from error


def connect(path: str) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread under its holder's lock."""
    return sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)


def network_filesystem(path: str, mounts: str = "/proc/self/mountinfo") -> Optional[str]:
    """The type of the network file system that ``path`` lies on, or None where it is local or unknown."""
    full = os.path.realpath(path)
    if full.startswith("\\\\"):
        return "a Windows share"
    try:
        lines = Path(mounts).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 10 or "-" not in fields:
            continue
        point = fields[4].replace("\\040", " ")
        inside = full == point or full.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[fields.index("-") + 1]
    return kind if _NETWORK_TYPE.fullmatch(kind) else None


def _create_private(path: str) -> None:
    if os.path.isdir(path):
        raise _misuse(path, "this is a folder; name a file")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass  # never open it here: closing it would cancel the locks of this process's other connections
    if os.name == "posix" and stat.S_IMODE(os.stat(path).st_mode) & 0o077:
        os.chmod(path, 0o600)  # SQLite gives its -wal and -shm files the same mode


def _set_up(connection: sqlite3.Connection, path: str) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise _misuse(path, "this file system cannot hold a write-ahead log; use a local disk")
    with transaction(connection):
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and application == 0 and tables == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
        elif application != _APPLICATION_ID:
            raise _misuse(path, "this is a database of something else; name another file")
        elif version != SCHEMA_VERSION:
            raise _misuse(
                path,
                f"the file has layout {version} and this release reads {SCHEMA_VERSION}: deliver it with the "
                "release that wrote it, or update openmonetize",
            )


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: all of it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def leak(*connections: Optional[sqlite3.Connection]) -> None:
    """Keep connections from ever being closed, even by the interpreter's end."""
    import ctypes

    for connection in connections:
        if connection is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def failure(path: str, error: Exception) -> OutboxError:
    """A low-level error in plain words."""
    return OutboxError(f"outbox {path!r}: {_explain(error)}", misuse=isinstance(error, PermissionError))


def _misuse(path: str, text: str) -> OutboxError:
    return OutboxError(f"outbox {path!r}: {text}", misuse=True)


def _explain(error: Exception) -> str:
    text = str(error)
    if "malformed" in text or "not a database" in text:
        return (
            f"the file is damaged ({text}). It is left as it is: move it away, and save what it holds with "
            "the '.recover' command of the sqlite3 shell"
        )
    if "full" in text or getattr(error, "errno", None) == errno.ENOSPC:
        return f"no room left ({text}): the disk, or max_bytes of the outbox, is used up"
    if "locked" in text or "busy" in text:
        return f"another process holds the file for too long ({text})"
    if "readonly" in text or "read-only" in text or isinstance(error, PermissionError):
        return f"no permission to write ({text}): the file and its folder must be writable for this user"
    return text
