"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def sandbox() -> Iterator[object]:
    """Yield a running sandbox with the development account."""
    from openmonetize.sandbox import Sandbox

    with Sandbox() as running:
        yield running
