"""`OpenMonetize`: record usage, gate features and call the platform, whatever the age of the deployment."""

from __future__ import annotations

from openmonetize.client.openmonetize import OpenMonetize

__all__ = ["OpenMonetize"]
