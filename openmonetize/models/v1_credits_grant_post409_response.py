# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsGrantPost409Response."""

from __future__ import annotations

from typing import Any, Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel


class V1CreditsGrantPost409Response(ResponseModel):
    """Answer to a grant whose idempotency key another request is using right now."""

    error: Optional[str] = None
    """Title of the failure, `Conflict`."""
    message: Optional[str] = None
    """What is wrong, for a person to read."""
    existing_transaction: Annotated[Optional[Dict[str, Any]], Field(alias="existingTransaction")] = None
    """The earlier transaction. Part of the contract, but servers leave it out."""
