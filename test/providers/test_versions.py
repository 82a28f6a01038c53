"""The oldest versions of the providers' libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openmonetize.providers import METERED, versions, wrap
from openmonetize.testing.fake_providers import FakeProviders

from .calls import library_warnings
from .test_coverage import CLIENTS

pytestmark = library_warnings


@pytest.mark.parametrize("name", CLIENTS)
def test_the_version_of_every_library_is_found_and_new_enough(name: str, server: FakeProviders) -> None:
    CLIENTS[name](server)
    version = versions.version_of(name)
    assert version is not None
    assert not versions.is_too_old(name, version)


@pytest.mark.parametrize(
    ("version", "old"),
    [("1.39.0", True), ("1.108.2", True), ("1.109.0", False), ("1.109", False), ("2.0.0b1", False), ("0.99", True)],
)
def test_versions_are_compared_as_numbers(version: str, old: bool) -> None:
    assert versions.is_too_old("openai", version) is old


def test_an_old_library_is_told_of_once(server: FakeProviders, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(versions, "_told", set())
    client = CLIENTS["openai"](server)
    monkeypatch.setattr("openai.__version__", "1.39.0")
    for _ in range(2):
        wrap(client, record=print)
    assert caplog.text.count("openai 1.39.0 is older than 1.109") == 1


def test_the_guide_names_the_oldest_versions() -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/providers.md").read_text()
    assert versions.OLDEST.keys() == METERED.keys()
    for name, version in versions.OLDEST.items():
        assert f"| {name} | {version} |" in guide
