"""Three columns side by side: what was recorded, what the platform billed, what the provider charges."""

from __future__ import annotations

from openmonetize.reconcile.reasons import NO_EVENT, REASONS
from openmonetize.reconcile.result import Difference, ReconciledRow, Reconciliation

__all__ = ["NO_EVENT", "REASONS", "Difference", "ReconciledRow", "Reconciliation"]
