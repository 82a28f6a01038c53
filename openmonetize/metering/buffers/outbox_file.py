"""Opening the outbox file: where it may be, its schema, and SQLite's errors in plain words."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from openmonetize.metering.errors import OutboxError

_Identity = tuple[int, int]  # device and inode

SCHEMA_VERSION = 1
_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID = 0x4F4D6F62  # marks the file as an outbox of this library

_SCHEMA = (
    # An account is a key (its digest) at a base URL; keys of one customer share `customer_id` when known.
    """CREATE TABLE account(
        id INTEGER PRIMARY KEY, base_url TEXT NOT NULL, fingerprint TEXT NOT NULL, customer_id TEXT,
        accepted INTEGER NOT NULL DEFAULT 0, duplicate INTEGER NOT NULL DEFAULT 0,
        dropped INTEGER NOT NULL DEFAULT 0,
        UNIQUE (base_url, fingerprint))""",
    "CREATE TABLE owner(id INTEGER PRIMARY KEY, identity TEXT NOT NULL)",  # the ids are random
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

_LOCK_TIMEOUT = 5.0  # how long another process may hold the file, in seconds
_MAX_SPARE_PAGES = 4096  # unused space that is kept for events to come (16 MB)
_MAX_COPIED_PAGES = 1024  # what may be copied to give the rest back, tens of milliseconds
_MAX_LOG_BYTES = 8 * 1024 * 1024  # the write-ahead log is cut to this when it starts anew

# File systems on which SQLite's shared memory or locks do not work between machines.
_NETWORK_TYPE = re.compile(
    r"(fuse\.)?(9p|afs|beegfs|ceph|cifs|coda|davfs|gcsfuse|glusterfs|gpfs|lustre|ncpfs|nfs\d?|ocfs2|orangefs|rclone"
    r"|s3fs|smb\d|smbfs|sshfs)"
)


class OutboxFile:
    """The file that an outbox connects to: checked before the first connection, and watched for its replacement.

    Args:
        path: the file; created with mode 0600.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._checked = False
        self._known: dict[str, _Identity | None] = {}  # the file and its companions, as last seen

    def prepare(self) -> None:
        """Create the file, private to its user, or check the one that is there.

        Raises:
            OutboxError: the place cannot hold an outbox, or the file is something else.
        """
        folder = os.path.dirname(self.path)
        if not os.path.isdir(folder):
            raise _misuse(self.path, f"the folder {folder!r} does not exist; create it first")
        kind = network_filesystem(self.path)
        if kind:
            raise _misuse(self.path, f"{kind} is a network file system, where SQLite can lose events; use a local disk")
        try:
            _create_private(self.path)
            with closing(connect(self.path)) as connection:
                _set_up(connection, self.path)
        except (sqlite3.Error, OSError) as error:
            raise failure(self.path, error) from error
        self._checked = True
        self._known = {self.path: _identity(self.path)}

    def connect(self) -> sqlite3.Connection:
        """Return a connection in autocommit mode, usable from any thread under its holder's lock.

        Raises:
            OutboxError: see `prepare`; or other connections still use a file that no longer exists.
        """
        if self.vanished():
            raise OutboxError(f"outbox {self.path!r}: the file was deleted or replaced while it was in use")
        if not self._checked:
            self.prepare()
        return connect(self.path)

    def vanished(self) -> bool:
        """Return whether the file was deleted, or replaced by another, since it was prepared."""
        if not self._known:
            return False
        if _identity(self.path) != self._known[self.path]:
            return True
        for companion in (self.path + "-wal", self.path + "-shm"):
            self._known[companion] = _identity(companion)
        return False

    def recheck(self) -> None:
        """Check the file again before the next connection, because something failed."""
        self._checked = False

    def renew(self) -> None:
        """Go on with the file that exists now, or with a new one."""
        for name, identity in self._known.items():
            # A log left behind by the old file would be taken for the new one's.
            if name != self.path and identity is not None and _identity(name) == identity:
                os.unlink(name)
        self.prepare()

    def forget(self) -> None:
        """Take whatever exists at the next connection for the file: there are no connections any more."""
        self._checked = False
        self._known = {}


def _identity(path: str) -> _Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect(path: str) -> sqlite3.Connection:
    """Return a connection as `OutboxFile.connect` does, to whatever exists."""
    connection = sqlite3.connect(path, timeout=_LOCK_TIMEOUT, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA journal_size_limit = {_MAX_LOG_BYTES}")
    return connection


def network_filesystem(path: str, mounts: str = "/proc/self/mountinfo") -> str | None:
    """Return the type of the network file system that ``path`` is on, or None if it is local or unknown."""
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
    mode = _to_wal(connection)
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


def _to_wal(connection: sqlite3.Connection) -> str:
    """Turn on the write-ahead log. Try again while another process does the same: SQLite does not wait for that."""
    deadline = time.monotonic() + _LOCK_TIMEOUT
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(0.01)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run one write transaction: all of it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def give_back(connection: sqlite3.Connection) -> None:
    """Return space to the file system if nearly all of the file is unused, as after an outage.

    Nobody can put an event while that runs, which is short; SQLite's auto-vacuum would slow each put instead.
    """
    spare = connection.execute("PRAGMA freelist_count").fetchone()[0]
    if spare > _MAX_SPARE_PAGES and connection.execute("PRAGMA page_count").fetchone()[0] - spare < _MAX_COPIED_PAGES:
        try:
            connection.execute("VACUUM")
        except sqlite3.OperationalError:
            pass  # a reader holds the file, or the disk is full: later


def leak(*connections: sqlite3.Connection | None) -> None:
    """Keep connections from ever being closed, even by the interpreter's end."""
    import ctypes

    for connection in connections:
        if connection is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def failure(path: str, error: Exception) -> OutboxError:
    """Return the error that says in plain words what a low-level one means."""
    if "not a database" in str(error) and _is_something_else(path):
        return _misuse(path, "this is a file of something else; name another file")
    return OutboxError(f"outbox {path!r}: {_explain(error)}", misuse=isinstance(error, PermissionError))


def _is_something_else(path: str) -> bool:
    """Return whether a file that SQLite cannot read never was a database, as opposed to one that was damaged."""
    try:
        with open(path, "rb") as file:
            head = file.read(len(_MAGIC))
    except OSError:
        return False
    return head != _MAGIC and any(head)  # damage leaves nothing but zeros


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
