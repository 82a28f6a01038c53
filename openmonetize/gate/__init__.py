"""Entitlement checks: the question, the answer, and a short-lived cache of answers."""

from __future__ import annotations

from openmonetize.gate.checks import CheckResult, EntitlementDenied, Estimate, OnOutage, Question, Remedy
from openmonetize.gate.gate import Gate
from openmonetize.gate.holds.store import HoldStoreError

__all__ = ["CheckResult", "EntitlementDenied", "Estimate", "Gate", "HoldStoreError", "OnOutage", "Question", "Remedy"]
