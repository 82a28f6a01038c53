# Generated from openapi.yaml by `make generate`; do not edit.
"""LimitPeriod."""

from __future__ import annotations

from typing import Literal

LimitPeriod = Literal["DAILY", "MONTHLY", "TOTAL"]
"""When the usage of a limit starts anew."""
