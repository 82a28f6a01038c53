"""Holds: credits that are set aside for a call until its usage is known, and the stores that keep them."""

from __future__ import annotations

from openmonetize._stores.documents import StoreError
from openmonetize.gate.holds.hold import Hold
from openmonetize.gate.holds.reservations import Reservations
from openmonetize.gate.holds.store import HoldStore

__all__ = ["Hold", "HoldStore", "StoreError", "Reservations"]
