"""The generated API classes under friendly names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, TypeVar

from openmonetize._http.client import ApiClient

if TYPE_CHECKING:
    from openmonetize.api.analytics_api import AnalyticsApi
    from openmonetize.api.burn_tables_api import BurnTablesApi
    from openmonetize.api.credits_api import CreditsApi
    from openmonetize.api.customers_api import CustomersApi
    from openmonetize.api.demo_api import DemoApi
    from openmonetize.api.entitlements_api import EntitlementsApi
    from openmonetize.api.events_api import EventsApi
    from openmonetize.api.health_api import HealthApi
    from openmonetize.api.rating_api import RatingApi
    from openmonetize.api.users_api import UsersApi

T = TypeVar("T")


class Apis:
    """One attribute for each API class; each is imported on first use.

    Args:
        api_client: what the classes call through.
    """

    def __init__(self, api_client: ApiClient) -> None:
        self.api_client = api_client
        self._apis: Dict[str, Any] = {}

    @property
    def analytics(self) -> AnalyticsApi:
        """Usage, costs and burn rate."""
        from openmonetize.api.analytics_api import AnalyticsApi

        return self._api(AnalyticsApi)

    @property
    def burn_tables(self) -> BurnTablesApi:
        """Burn tables of the rating engine."""
        from openmonetize.api.burn_tables_api import BurnTablesApi

        return self._api(BurnTablesApi)

    @property
    def credits(self) -> CreditsApi:
        """Wallets: balances, grants, purchases, transactions."""
        from openmonetize.api.credits_api import CreditsApi

        return self._api(CreditsApi)

    @property
    def customers(self) -> CustomersApi:
        """The customer behind the key, registration, key rotation."""
        from openmonetize.api.customers_api import CustomersApi

        return self._api(CustomersApi)

    @property
    def demo(self) -> DemoApi:
        """The first release's demo."""
        from openmonetize.api.demo_api import DemoApi

        return self._api(DemoApi)

    @property
    def entitlements(self) -> EntitlementsApi:
        """Which user may use which feature, and how often."""
        from openmonetize.api.entitlements_api import EntitlementsApi

        return self._api(EntitlementsApi)

    @property
    def events(self) -> EventsApi:
        """Usage events: sent at once, listed, lost ones replayed."""
        from openmonetize.api.events_api import EventsApi

        return self._api(EventsApi)

    @property
    def health(self) -> HealthApi:
        """Whether the platform is up."""
        from openmonetize.api.health_api import HealthApi

        return self._api(HealthApi)

    @property
    def rating(self) -> RatingApi:
        """The platform's prices."""
        from openmonetize.api.rating_api import RatingApi

        return self._api(RatingApi)

    @property
    def users(self) -> UsersApi:
        """The users that the platform knows."""
        from openmonetize.api.users_api import UsersApi

        return self._api(UsersApi)

    def _api(self, kind: Callable[[ApiClient], T]) -> T:
        name = kind.__name__
        api = self._apis.get(name)
        if api is None:
            api = self._apis[name] = kind(self.api_client)
        return api
