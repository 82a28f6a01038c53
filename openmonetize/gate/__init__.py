"""Entitlement checks: the question, its answer, and a short memory of it."""

from __future__ import annotations

from openmonetize.gate.checks import CheckResult, EntitlementDenied
from openmonetize.gate.gate import Gate

__all__ = ["CheckResult", "EntitlementDenied", "Gate"]
