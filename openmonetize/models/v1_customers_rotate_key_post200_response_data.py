# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRotateKeyPost200ResponseData."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel


class RotatedKey(ResponseModel):
    """The API key that replaces the one of the request."""

    api_key: Annotated[Optional[str], Field(alias="apiKey")] = None
    """New API key. It is shown this once, and the old key has stopped working already."""


V1CustomersRotateKeyPost200ResponseData = RotatedKey
