"""Checks what must hold before a release is tagged: `make release-check` (RELEASING.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from compare import ROOT, compare
from comparing.revisions import is_tagged, last_release, version_of


def problems(root: Path = ROOT) -> Iterator[str]:
    """Yield what forbids a release, and print what could not be checked."""
    version = version_of(root)
    if is_tagged(root, version):
        yield f"{version} was released: openmonetize/_version.py needs the next version"
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    first = next(iter(re.findall(r"^## (.*)$", changelog, re.M)), "nothing")
    if not re.fullmatch(rf"{re.escape(str(version))} \(\d{{4}}-\d\d-\d\d\)", first):
        yield f"CHANGELOG.md begins with {first}, not with {version} and its date: ## {version} (YYYY-MM-DD)"
    released = last_release(root)
    if released is None:
        print("nothing was released yet: there is nothing to compare with")
        return
    found = compare(released, root)
    if found.gap:
        print(found.gap)
    if found.new < found.old:
        yield f"{found.new} is before {found.old}, which was released"
    if found.problem:
        yield f"{found.problem} (make diff)"


def main() -> None:
    """Run the command line."""
    if found := list(problems()):
        raise SystemExit("\n".join(found))
    print(f"{version_of(ROOT)} can be released")


if __name__ == "__main__":
    main()
