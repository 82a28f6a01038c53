"""Kept inputs: what the property tests of this folder have found, or would find too rarely, one JSON file a test."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

SOAK = bool(os.environ.get("OPENMONETIZE_SOAK"))


def many(examples: int) -> settings:
    """Return the settings of a property test; `make soak` tries many more examples."""
    return settings(max_examples=examples * (30 if SOAK else 1), deadline=None, suppress_health_check=list(HealthCheck))


def cases(name: str) -> list[Any]:
    """Return the inputs of a file as parameters of a test; each is named by its ``why``."""
    kept = json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["why"]) for case in kept]
