"""`make diff` and `make release-check` compare revisions, and judge the version by what changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .generated import ROOT

pytest.importorskip("griffe")
pytest.importorskip("yaml")

pytestmark = pytest.mark.slow

OF_PROJECT = ("CHANGELOG.md", "codegen", "openapi.yaml", "openmonetize")
BY_HAND = "openmonetize/client/openmonetize.py"


def git(project: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=T", "-c", "user.email=t@example", "-c", "commit.gpgsign=false", *arguments]
    subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=60)


def commit(project: Path) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--message", "All of it")


def change(project: Path, name: str, old: str, new: str) -> None:
    path = project / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def set_version(project: Path, version: str) -> None:
    (project / "openmonetize" / "_version.py").write_text(f'__version__ = "{version}"\n')


def run(project: Path, script: str, *arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, str(project / "codegen" / script), *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(name="project")
def make_project(tmp_path: Path) -> Path:
    """Return a copy of the project, with a history of one commit."""
    for name in OF_PROJECT:
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    set_version(tmp_path, "0.2.0")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def test_before_the_first_release_a_revision_must_be_named(project: Path) -> None:
    sentence = (
        "nothing was released yet, so there is no tag v* to compare with: name a revision, as in make diff OLD=HEAD\n"
    )
    assert run(project, "compare.py") == (2, "", sentence)
    assert run(project, "compare.py", "HEAD") == (0, "Nothing changes for users.\n", "")
    assert run(project, "compare.py", "nowhere") == (2, "", "nowhere is no revision of this project\n")


def test_what_templates_change_without_the_contract_is_told(project: Path) -> None:
    change(project, "openmonetize/api/credits_api.py", "def v1_credits_grant_post(", "def v1_grant(")
    text = "Breaking:\n\n- `credits.grant()` is gone.\n\nNew:\n\n- `CreditsApi.v1_grant()` is new.\n"
    assert run(project, "compare.py", "HEAD")[:2] == (1, text)


def test_what_breaks_programs_needs_a_version_that_says_so(project: Path) -> None:
    git(project, "tag", "v0.2.0")
    git(project, "tag", "w9")  # no release
    change(project, "openapi.yaml", "        idempotencyKey:\n", "        idempotencyToken:\n")
    change(project, "codegen/overlay.yaml", "x-om-retry: idempotency_key", "x-om-retry: idempotency_token")
    change(project, BY_HAND, "def flush(self, timeout: float", "def flush(self, seconds: float")
    text = (
        "Breaking:\n\n"
        "- `credits.grant(idempotency_key=…)` is now `idempotency_token`.\n"
        "- `OpenMonetize.flush(timeout=…)` is now `seconds`.\n"
    )
    sentence = "this breaks programs, and 0.2.1 after 0.2.0 promises not to: it needs a minor version\n"
    set_version(project, "0.2.1")
    assert run(project, "compare.py") == (1, text, sentence)
    set_version(project, "0.3.0")
    assert run(project, "compare.py") == (0, text, "")


def test_a_contract_that_is_not_read_any_more_leaves_the_python_of_the_package(project: Path) -> None:
    change(project, "openapi.yaml", "openapi: 3.", "openapi: 2.")
    commit(project)
    change(project, "openapi.yaml", "openapi: 2.", "openapi: 3.")
    change(project, "openmonetize/api/credits_api.py", "idempotency_key: ", "idempotency_token: ")
    code, text, gap = run(project, "compare.py", "HEAD")
    assert (code, text) == (1, "Breaking:\n\n- `credits.grant(idempotency_key=…)` is now `idempotency_token`.\n")
    assert gap.splitlines() == [
        "the contract of HEAD cannot be compared, only the Python of the package: openapi.yaml: is no contract of "
        "OpenAPI 3.0 or 3.1",
        "this breaks programs, and 0.2.0 after 0.2.0 promises not to: it needs a minor version",
    ]


def test_a_release_has_a_new_version_a_dated_section_and_breaks_no_promise(project: Path) -> None:
    (project / "CHANGELOG.md").write_text("# Changelog\n\n## 0.2.0 (unreleased)\n\n## 0.1.0 (2025-01-01)\n")
    first = "nothing was released yet: there is nothing to compare with\n"
    undated = "CHANGELOG.md begins with 0.2.0 (unreleased), not with 0.2.0 and its date: ## 0.2.0 (YYYY-MM-DD)\n"
    assert run(project, "release.py") == (1, first, undated)
    change(project, "CHANGELOG.md", "unreleased", "2026-11-30")
    assert run(project, "release.py") == (0, f"{first}0.2.0 can be released\n", "")
    git(project, "tag", "v0.2.0")
    set_version(project, "0.1.9")
    change(project, BY_HAND, "def flush(self, timeout: float", "def flush(self, seconds: float")
    code, text, problems = run(project, "release.py")
    assert (code, text) == (1, "")
    assert problems.splitlines() == [
        "CHANGELOG.md begins with 0.2.0 (2026-11-30), not with 0.1.9 and its date: ## 0.1.9 (YYYY-MM-DD)",
        "0.1.9 is before 0.2.0, which was released",
        "this breaks programs, and 0.1.9 after 0.2.0 promises not to: it needs a minor version (make diff)",
    ]
    set_version(project, "0.2.0")
    assert "0.2.0 was released: openmonetize/_version.py needs the next version\n" in run(project, "release.py")[2]
