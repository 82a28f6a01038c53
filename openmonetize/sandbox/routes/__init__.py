"""The platform's routes, by topic. A route says in which eras it exists."""

from __future__ import annotations

from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.routes import (
    analytics,
    burn_tables,
    customers,
    demo,
    entitlements,
    events,
    health,
    rating,
    reports,
    upstream,
    users,
    wallets,
)

ROUTES: tuple[Route, ...] = (
    *health.ROUTES,
    *customers.ROUTES,
    *events.ROUTES,
    *wallets.ROUTES,
    *users.ROUTES,
    *entitlements.ROUTES,
    *rating.ROUTES,
    *burn_tables.ROUTES,
    *analytics.ROUTES,
    *reports.ROUTES,
    *demo.ROUTES,
    *upstream.ROUTES,
)
