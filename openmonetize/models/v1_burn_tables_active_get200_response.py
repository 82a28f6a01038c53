# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesActiveGet200Response."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_burn_tables_create_post201_response_data import V1BurnTablesCreatePost201ResponseData


class V1BurnTablesActiveGet200Response(ResponseModel):
    """The burn table in use."""

    data: Optional[V1BurnTablesCreatePost201ResponseData] = None
    is_default: Annotated[Optional[bool], Field(alias="isDefault")] = None
    """Whether it is the global default and not a table of the customer."""
