# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesCreatePost201Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_burn_tables_create_post201_response_data import V1BurnTablesCreatePost201ResponseData


class V1BurnTablesCreatePost201Response(ResponseModel):
    """Answer that holds one burn table."""

    data: Optional[V1BurnTablesCreatePost201ResponseData] = None
