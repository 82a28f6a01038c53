"""Entitlement checks: the question, the answer, and a short-lived cache of answers."""

from __future__ import annotations

from openmonetize._stores.documents import StoreError
from openmonetize.gate.checks import CheckResult, EntitlementDenied, Estimate, OnOutage, Question, Remedy
from openmonetize.gate.gate import Gate

__all__ = ["CheckResult", "EntitlementDenied", "Estimate", "Gate", "StoreError", "OnOutage", "Question", "Remedy"]
