"""`OpenMonetize`: record usage, gate features and call the platform, with deployments of any age."""

from __future__ import annotations

from openmonetize.client.openmonetize import OpenMonetize

__all__ = ["OpenMonetize"]
