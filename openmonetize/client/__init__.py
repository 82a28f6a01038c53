"""OpenMonetize, the front door: record, gate and read, whatever the deployment's age."""

from __future__ import annotations

from openmonetize.client.openmonetize import OpenMonetize

__all__ = ["OpenMonetize"]
