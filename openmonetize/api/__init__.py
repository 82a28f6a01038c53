# Generated from openapi.yaml by `make generate`; do not edit.
"""The API classes, each imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmonetize._exports import APIS

if TYPE_CHECKING:
    from openmonetize.api.analytics_api import AnalyticsApi as AnalyticsApi
    from openmonetize.api.burn_tables_api import BurnTablesApi as BurnTablesApi
    from openmonetize.api.credits_api import CreditsApi as CreditsApi
    from openmonetize.api.customers_api import CustomersApi as CustomersApi
    from openmonetize.api.default_api import DefaultApi as DefaultApi
    from openmonetize.api.demo_api import DemoApi as DemoApi
    from openmonetize.api.entitlements_api import EntitlementsApi as EntitlementsApi
    from openmonetize.api.events_api import EventsApi as EventsApi
    from openmonetize.api.health_api import HealthApi as HealthApi
    from openmonetize.api.rating_api import RatingApi as RatingApi
    from openmonetize.api.users_api import UsersApi as UsersApi


def __getattr__(name: str) -> Any:
    module = APIS.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted(APIS)
