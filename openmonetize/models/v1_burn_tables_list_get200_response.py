# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesListGet200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize._schema.model import Int
from openmonetize.models.v1_burn_tables_create_post201_response_data import V1BurnTablesCreatePost201ResponseData


class V1BurnTablesListGet200Response(ListModel["V1BurnTablesCreatePost201ResponseData"]):
    """Burn tables."""

    rows_field: ClassVar[str] = "data"

    data: Optional[List[V1BurnTablesCreatePost201ResponseData]] = None
    """The tables, the newest first."""
    total: Optional[Int] = None
    """Number of tables."""
