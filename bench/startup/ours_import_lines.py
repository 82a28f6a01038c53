"""The import lines of the README's quick start."""

from openmonetize import ApiClient, EventsApi, TokenUsageEvent  # noqa: F401
from openmonetize.configuration import Configuration  # noqa: F401
