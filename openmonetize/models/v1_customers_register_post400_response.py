# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRegisterPost400Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel


class V1CustomersRegisterPost400Response(ResponseModel):
    """Why a registration was refused, with status 400 as well as 409."""

    error: Optional[str] = None
    """Title of the failure: `Bad Request` for invalid fields, `Conflict` for an address in use."""
    message: Optional[str] = None
    """What is wrong. For invalid fields it names each field by its path in the body."""
