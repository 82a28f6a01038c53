from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .traffic import Application, application

pytest.importorskip("duckdb")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """An application, its platform, and the providers that it calls."""
    yield from application(tmp_path, monkeypatch)
