# Generated from openapi.yaml by `make generate`; do not edit.
"""V1InfoGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import Num, ResponseModel


class ServiceInfo(ResponseModel):
    """Name, version and uptime of the API gateway."""

    service: Optional[str] = None
    """Name of the service."""
    version: Optional[str] = None
    """Version of the service."""
    environment: Optional[str] = None
    """Environment that the server was started in, for example `production`."""
    uptime: Optional[Num] = None
    """Time since the process started, in seconds with a fraction."""


V1InfoGet200Response = ServiceInfo
