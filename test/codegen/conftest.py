"""The server that generated clients are tried against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contract.echo import Echo


@pytest.fixture
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.stop()
