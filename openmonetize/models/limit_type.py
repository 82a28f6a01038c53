# Generated from openapi.yaml by `make generate`; do not edit.
"""LimitType."""

from __future__ import annotations

from typing import Literal

LimitType = Literal["HARD", "SOFT", "NONE"]
"""What a limit does: HARD refuses, SOFT warns, NONE does not look."""
