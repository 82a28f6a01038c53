# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRegisterPost400Response."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel


class V1CustomersRegisterPost400Response(ResponseModel):
    """Why a registration was refused, with status 400 as well as 409."""

    error: Lenient[str] = ABSENT
    """Title of the failure: `Bad Request` for invalid fields, `Conflict` for an address in use."""
    message: Lenient[str] = ABSENT
    """What is wrong. For invalid fields it names each field by its path in the body."""
