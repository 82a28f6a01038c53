"""The architecture page names files and packages that exist, and all packages."""

from __future__ import annotations

import re

from .pages import GUIDES

ROOT = GUIDES.parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_files_that_it_names_exist() -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for folder in ("openmonetize", "codegen")
        for path in ROOT.glob(f"{folder}/**/*.py")
    }
    named = set(re.findall(r"[\w/]+\.py\b", PAGE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not any(f"/{file}".endswith(f"/{name}") for file in files)] == []


def test_it_names_every_module_of_the_spool() -> None:
    part = PAGE.partition("### The spool")[2].split("```")[1]
    modules = {path.stem for path in (ROOT / "openmonetize/metering/buffers/spool").glob("*.py")} - {"__init__"}
    assert [name for name in sorted(modules) if not re.search(rf"\b{name}\b", part)] == []


def test_its_map_has_every_package() -> None:
    packages = {path.parent.name for path in (ROOT / "openmonetize").glob("*/__init__.py")}
    package_map = PAGE.split("```")[1]  # the page's first code block
    assert [name for name in sorted(packages) if f"{name}/" not in package_map] == []
