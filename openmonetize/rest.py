"""The transport under the name that OpenAPI Generator gives it."""

from __future__ import annotations

from openmonetize._http.transport import RESTClient, RESTResponse

__all__ = ["RESTClient", "RESTResponse"]
