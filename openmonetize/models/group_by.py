# Generated from openapi.yaml by `make generate`; do not edit.
"""GroupBy."""

from __future__ import annotations

from typing import Literal

GroupBy = Literal["day", "week", "month"]
"""Length of the periods of a report."""
