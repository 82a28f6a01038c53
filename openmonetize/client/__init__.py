"""OpenMonetize, the front door: record, gate and read, whatever the deployment's age."""

from __future__ import annotations

from openmonetize.client.front_door import OpenMonetize

__all__ = ["OpenMonetize"]
