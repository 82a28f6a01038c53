"""The same import lines for the stock client."""

from openmonetize_stock import ApiClient, EventsApi, TokenUsageEvent  # noqa: F401
from openmonetize_stock.configuration import Configuration  # noqa: F401
