# Generated from openapi.yaml by `make generate`; do not edit.
"""The API classes as attributes of one object, each imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, TypeVar

from openmonetize._http.client import ApiClient

if TYPE_CHECKING:
    from openmonetize.api.analytics_api import AnalyticsApi
    from openmonetize.api.burn_tables_api import BurnTablesApi
    from openmonetize.api.credits_api import CreditsApi
    from openmonetize.api.customers_api import CustomersApi
    from openmonetize.api.default_api import DefaultApi
    from openmonetize.api.demo_api import DemoApi
    from openmonetize.api.entitlements_api import EntitlementsApi
    from openmonetize.api.events_api import EventsApi
    from openmonetize.api.health_api import HealthApi
    from openmonetize.api.rating_api import RatingApi
    from openmonetize.api.users_api import UsersApi

T = TypeVar("T")


class Apis:
    """One attribute for each API class, named after its tag in the contract.

    Args:
        api_client: the client that the classes call through.
    """

    def __init__(self, api_client: ApiClient) -> None:
        self.api_client = api_client
        self._apis: dict[str, Any] = {}

    @property
    def analytics(self) -> AnalyticsApi:
        """What was used, what it cost, and how long the credits last."""
        from openmonetize.api.analytics_api import AnalyticsApi

        return self._api(AnalyticsApi)

    @property
    def burn_tables(self) -> BurnTablesApi:
        """Tables that say how many credits a model's tokens are worth in estimates."""
        from openmonetize.api.burn_tables_api import BurnTablesApi

        return self._api(BurnTablesApi)

    @property
    def credits(self) -> CreditsApi:
        """Wallets of the customer and of users, their balances, grants, purchases and transactions."""
        from openmonetize.api.credits_api import CreditsApi

        return self._api(CreditsApi)

    @property
    def customers(self) -> CustomersApi:
        """Registration, the account behind the key, and key rotation."""
        from openmonetize.api.customers_api import CustomersApi

        return self._api(CustomersApi)

    @property
    def default(self) -> DefaultApi:
        """Whatever a deployment serves below its four forwarded prefixes, sent and answered as it is."""
        from openmonetize.api.default_api import DefaultApi

        return self._api(DefaultApi)

    @property
    def demo(self) -> DemoApi:
        """A pretended generation, for demonstrations."""
        from openmonetize.api.demo_api import DemoApi

        return self._api(DemoApi)

    @property
    def entitlements(self) -> EntitlementsApi:
        """Which user may use which feature, and how often."""
        from openmonetize.api.entitlements_api import EntitlementsApi

        return self._api(EntitlementsApi)

    @property
    def events(self) -> EventsApi:
        """Usage events, from their arrival to the dead letters."""
        from openmonetize.api.events_api import EventsApi

        return self._api(EventsApi)

    @property
    def health(self) -> HealthApi:
        """Whether the service is alive and ready."""
        from openmonetize.api.health_api import HealthApi

        return self._api(HealthApi)

    @property
    def rating(self) -> RatingApi:
        """Cost calculation and price lists."""
        from openmonetize.api.rating_api import RatingApi

        return self._api(RatingApi)

    @property
    def users(self) -> UsersApi:
        """The customer's users."""
        from openmonetize.api.users_api import UsersApi

        return self._api(UsersApi)

    def _api(self, kind: Callable[[ApiClient], T]) -> T:
        name = kind.__name__
        api = self._apis.get(name)
        if api is None:
            api = self._apis[name] = kind(self.api_client)
        return api
