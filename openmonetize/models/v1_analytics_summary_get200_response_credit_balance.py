# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200ResponseCreditBalance."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1AnalyticsSummaryGet200ResponseCreditBalance(ResponseModel):
    """Credits of the account."""

    available: Lenient[Int] = ABSENT
    """Credits that can be spent."""
    reserved: Lenient[Int] = ABSENT
    """Reserved credits; no operation reserves any."""
