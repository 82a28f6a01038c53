"""Says what changed for those who use the package: `make diff`, or `python codegen/compare.py --help`.

Compares the working tree with a revision of the project: the contracts as they are read, and the package's names and
signatures. Prints text for the changelog. Ends with 1 if something breaks programs and the version does not say so, and
with 2 if there is nothing to compare with.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "codegen"))

from comparing.change import BREAKING, Change, told
from comparing.contracts import contract_changes, friendly_names
from comparing.revisions import RevisionError, Version, files_of, last_release, version_of
from reading.model import Contract
from reading.reader import read_contract
from reading.source import ContractError

try:
    from comparing.signatures import signature_changes
except ImportError:
    raise SystemExit("griffe is not installed: pip install --group codegen, on Python 3.10 or newer") from None


class Comparison(NamedTuple):
    """What changed between two trees.

    Attributes:
        changes: all of it.
        gap: what could not be compared; empty if everything was.
        old: the version before.
        new: the version now.
    """

    changes: list[Change]
    gap: str
    old: Version
    new: Version

    @property
    def problem(self) -> str:
        """What is wrong with the new version; empty if it says what it must."""
        if self.new.may_break(self.old) or not any(change.kind == BREAKING for change in self.changes):
            return ""
        kind = "minor" if self.old.major == 0 else "major"
        return f"this breaks programs, and {self.new} after {self.old} promises not to: it needs a {kind} version"


def compare(revision: str, root: Path = ROOT) -> Comparison:
    """Return what changed since a revision.

    Raises:
        RevisionError: there is no such revision.
        ContractError: the new contract cannot be read.
    """
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory)
        files_of(root, revision, tree)
        new, changes, gap = _contract(root), [], ""
        try:
            changes = contract_changes(_contract(tree), new)
        except (ContractError, OSError) as error:
            reason = str(error).splitlines()[0]
            gap = f"the contract of {revision} cannot be compared, only the Python of the package: {reason}"
        # Where the contracts say nothing, what changed in generated code is the templates' doing.
        changes += signature_changes(tree, root, friendly_names(new), with_generated=not changes)
        return Comparison(changes, gap, version_of(tree), version_of(root))


def _contract(tree: Path) -> Contract:
    overlay = tree / "codegen" / "overlay.yaml"
    return read_contract(tree / "openapi.yaml", lambda name: None, overlay if overlay.exists() else None)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", nargs="?", help="a revision of the project; by default the last release")
    revision = parser.parse_args().old or last_release(ROOT)
    if revision is None:
        _fail(
            "nothing was released yet, so there is no tag v* to compare with: name a revision, as in make diff OLD=HEAD"
        )
    try:
        found = compare(revision)
    except (RevisionError, ContractError) as error:
        _fail(str(error))
    if found.gap:
        print(found.gap, file=sys.stderr)
    print(told(found.changes))
    if found.problem:
        raise SystemExit(found.problem)


def _fail(problem: str) -> NoReturn:
    print(problem, file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
