"""The HTTP client under the name that OpenAPI Generator gives it."""

from __future__ import annotations

from openmonetize._http.client import ApiClient

__all__ = ["ApiClient"]
