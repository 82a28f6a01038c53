"""Every route of the platform, by topic. A route says in which eras it exists."""

from __future__ import annotations

from typing import Tuple

from ..calls import Route
from . import analytics, credits, customers, events, health

ROUTES: Tuple[Route, ...] = (
    *health.ROUTES,
    *customers.ROUTES,
    *events.ROUTES,
    *credits.ROUTES,
    *analytics.ROUTES,
)
