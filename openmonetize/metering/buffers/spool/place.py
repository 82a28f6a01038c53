"""Where a spool may be: what is refused, and the operating system's errors in plain words."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path

from openmonetize.metering.buffers.spool.system import TOO_MANY_FILES, is_foreign, try_lock
from openmonetize.metering.errors import OutboxError

ACCOUNT_NAME = re.compile(r"[0-9a-f]{16}")
_SQLITE_MAGIC = b"SQLite format 3\0"

FULL = (errno.ENOSPC, errno.EDQUOT)  # no room on the disk
# File systems that are shared between machines, or with a virtual machine's host, where a lock on one side is not
# known, or not freed, on the other.
_SHARED_TYPE = re.compile(
    r"(fuse\.|fuseblk\.)?(9p|acfs|afs|beegfs|blobfuse2?|ceph|cephfs|cifs|coda|davfs2?|fakeowner|gcsfuse|glusterfs|goofys"
    r"|gpfs|grpcfuse|juicefs|JuiceFS|lustre|mountpoint-s3|moosefs|ncpfs|nfs\d?|ocfs2|orangefs|osxfs|prl_fs|rclone|s3fs"
    r"|s3ql|seaweedfs|smb\d?|smbfs|sshfs|vboxsf|virtiofs|vmhgfs(-fuse)?|weed)"
)


def prepare(path: str) -> None:
    """Create the spool's directory, private to its user, or check the one that is there.

    Raises:
        OutboxError: the place cannot hold a spool, or holds something else.
    """
    kind = shared_filesystem(path)
    if kind:
        raise misuse(path, f"{kind} is a network file system, where locks do not hold everywhere; use a local disk")
    try:
        if not os.path.isdir(path):
            _create(path)
        if is_foreign(path):
            raise misuse(path, "another user owns this directory; name one of your own")
        entries = [entry for entry in os.listdir(path) if not entry.startswith(".") and entry != "lost+found"]
        if entries and not any(ACCOUNT_NAME.fullmatch(entry) for entry in entries):
            raise misuse(path, "this is a directory of something else; name a new or an empty one")
        if os.stat(path).st_mode & 0o077:
            os.chmod(path, 0o700)
        _check_locks(path)
    except OSError as error:
        raise failure(path, error) from error


def _create(path: str) -> None:
    folder = os.path.dirname(path)
    try:
        os.stat(folder)
    except FileNotFoundError:
        raise misuse(path, f"the folder {folder!r} does not exist; create it first") from None
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if os.path.isdir(path):
            return  # another process was first
        with open(path, "rb") as file:
            if file.read(len(_SQLITE_MAGIC)) == _SQLITE_MAGIC:
                raise misuse(
                    path, "this is a SQLite database, the outbox of an earlier version; name a new directory"
                ) from None
        raise misuse(path, "this is a file; name a new directory") from None


def _check_locks(path: str) -> None:
    """Take a lock, to find a file system that has none."""
    with tempfile.TemporaryFile(dir=path) as probe:
        try:
            try_lock(probe.fileno())
        except OSError as error:
            raise misuse(path, f"this file system has no locks ({error.strerror}); use a local disk") from error


def shared_filesystem(path: str, mounts: str = "/proc/self/mountinfo") -> str | None:
    """Return the type of the shared file system that ``path`` is on, or None if it is local or unknown."""
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
    return kind if _SHARED_TYPE.fullmatch(kind) else None


def failure(path: str, error: OSError) -> OutboxError:
    """Return the error that says in plain words what the operating system's means."""
    text = error.strerror or str(error)
    wrong = False
    if error.errno in FULL:
        text = f"no room left on its disk ({text}); it goes on when there is room"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        text, wrong = f"no permission to write ({text}): the directory must be writable for this user", True
    elif error.errno in TOO_MANY_FILES:
        text = f"too many open files ({text}); raise the limit (ulimit -n)"
    elif error.errno == errno.ENOTDIR:
        text, wrong = f"this is not a directory ({text})", True
    return OutboxError(f"outbox {path!r}: {text}", misuse=wrong)


def misuse(path: str, text: str) -> OutboxError:
    """Return the error for a path that the caller has to change."""
    return OutboxError(f"outbox {path!r}: {text}", misuse=True)
