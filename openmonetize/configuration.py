"""The client's settings under the name that OpenAPI Generator gives them."""

from __future__ import annotations

from openmonetize._http.configuration import Configuration

__all__ = ["Configuration"]
