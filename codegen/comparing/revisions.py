"""Revisions of the project: the files of one, its version, and the last release."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple


class RevisionError(Exception):
    """There is no such revision, or it has no version."""


class Version(NamedTuple):
    """A version of the package, as semantic versioning counts."""

    major: int
    minor: int
    patch: int

    def may_break(self, old: Version) -> bool:
        """Return whether it may break programs of an older one: by a major version, or below 1.0 a minor one."""
        return self.major > old.major or (self.major == old.major == 0 and self.minor > old.minor)

    def __str__(self) -> str:
        return ".".join(map(str, self))


def last_release(root: Path) -> str | None:
    """Return the tag of the last release before what is checked out; None if nothing was released yet."""
    try:
        return _git(root, "describe", "--tags", "--abbrev=0", "--match", "v*").decode().strip()
    except subprocess.CalledProcessError:
        return None


def is_tagged(root: Path, version: Version) -> bool:
    """Return whether a version was released."""
    return bool(_git(root, "tag", "--list", f"v{version}"))


def files_of(root: Path, revision: str, directory: Path) -> None:
    """Write the files of a revision into a directory.

    Raises:
        RevisionError: there is no such revision.
    """
    try:
        found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except subprocess.CalledProcessError:
        raise RevisionError(f"{revision} is no revision of this project") from None
    with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", found.decode().strip()))) as archive:
        archive.extractall(directory, filter="data")


def version_of(tree: Path) -> Version:
    """Return the version of the package in a tree.

    Raises:
        RevisionError: it says none.
    """
    path = tree / "openmonetize" / "_version.py"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = re.search(r'^__version__ = "(\d+)\.(\d+)\.(\d+)', text, re.M)
    if found is None:
        raise RevisionError("openmonetize/_version.py says no version")
    return Version(*map(int, found.groups()))


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(
        ["git", *arguments], cwd=root, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ).stdout
