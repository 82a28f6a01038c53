# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesListGet200Response."""

from __future__ import annotations

from typing import List

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel
from openmonetize.models.v1_burn_tables_create_post201_response_data import V1BurnTablesCreatePost201ResponseData


class V1BurnTablesListGet200Response(ResponseModel):
    """Burn tables."""

    data: Lenient[List[V1BurnTablesCreatePost201ResponseData]] = ABSENT
    """The tables, the newest first."""
    total: Lenient[Int] = ABSENT
    """Number of tables."""
