# Generated from openapi.yaml by `make generate`; do not edit.
"""CustomerTier."""

from __future__ import annotations

from typing import Literal

CustomerTier = Literal["STARTER", "GROWTH", "ENTERPRISE"]
"""Plan of a customer; it sets the monthly event quota."""
