# Generated from openapi.yaml by `make generate`; do not edit.
"""V1InfoGet200Response."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Lenient, Num, ResponseModel


class V1InfoGet200Response(ResponseModel):
    """Name, version and uptime of the API gateway."""

    service: Lenient[str] = ABSENT
    """Name of the service."""
    version: Lenient[str] = ABSENT
    """Version of the service."""
    environment: Lenient[str] = ABSENT
    """Environment that the server was started in, for example `production`."""
    uptime: Lenient[Num] = ABSENT
    """Time since the process started, in seconds with a fraction."""
