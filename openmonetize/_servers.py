# Generated from openapi.yaml by `make generate`; do not edit.
"""The servers of the contract."""

from __future__ import annotations

SERVERS: list[dict[str, str]] = [{"url": "https://api.openmonetize.io", "description": "The hosted platform"}]
