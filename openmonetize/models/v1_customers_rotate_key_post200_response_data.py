# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRotateKeyPost200ResponseData."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel


class V1CustomersRotateKeyPost200ResponseData(ResponseModel):
    """The API key that replaces the one of the request."""

    api_key: Annotated[Lenient[str], Field(alias="apiKey")] = ABSENT
    """New API key. It is shown this once, and the old key has stopped working already."""
