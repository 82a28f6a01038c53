# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200ResponseCreditBalance."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import Int, ResponseModel


class V1AnalyticsSummaryGet200ResponseCreditBalance(ResponseModel):
    """Credits of the account."""

    available: Optional[Int] = None
    """Credits that can be spent."""
    reserved: Optional[Int] = None
    """Reserved credits; no operation reserves any."""
