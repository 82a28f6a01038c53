# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesCreatePostRequestRulesValue."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, RequestModel


class BurnTableRule(RequestModel):
    """Credit price of one model."""

    input_tokens: Annotated[Dec, Field(alias="inputTokens", ge=0)]
    """Credits for `perUnit` input tokens; may be a fraction."""
    output_tokens: Annotated[Dec, Field(alias="outputTokens", ge=0)]
    """Credits for `perUnit` output tokens; may be a fraction."""
    per_unit: Annotated[Optional[Int], Field(alias="perUnit", gt=0)] = None
    """Number of tokens that the two prices are for. Default: 1000."""


V1BurnTablesCreatePostRequestRulesValue = BurnTableRule
