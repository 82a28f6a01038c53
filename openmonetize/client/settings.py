"""The settings of `OpenMonetize`: explicit arguments before environment variables."""

from __future__ import annotations

import copy
from typing import Optional, Union

from typing_extensions import Literal, TypedDict

from openmonetize._arguments import described
from openmonetize._http.configuration import Configuration
from openmonetize._http.redaction import Secret
from openmonetize._http.retry import RetryPolicy
from openmonetize.exceptions import ApiKeyError, ApiTypeError
from openmonetize.metering.recorder import FilePath


class DeliverySettings(TypedDict, total=False):
    """Settings of deliveries. See `openmonetize.metering.Recorder` for their meaning and defaults."""

    flush_interval: float
    flush_at: int
    max_events: int
    max_bytes: int
    outbox_max_bytes: Optional[int]
    outbox_min_free_bytes: Optional[int]
    keep: Union[str, float, None]
    verify: Union[bool, Literal["report"]]
    pace: Optional[FilePath]
    deliver: bool
    on_full: Literal["block", "drop_newest", "spill"]
    spill_path: Optional[FilePath]
    atexit_timeout: float
    flush_on_sigterm: bool
    rate_share: float
    request_timeout: float
    retry: RetryPolicy


DELIVERY_SETTINGS = tuple(DeliverySettings.__annotations__)


def call_settings(api_key: Secret, base_url: str | None, configuration: Configuration | None) -> Configuration:
    """Return the configuration of calls: a copy of the given one, or a new one, with explicit key and host in it.

    Raises:
        ApiKeyError, ApiTypeError, ApiValueError: a setting cannot be used.
    """
    if configuration is None:
        settings = Configuration()
    elif isinstance(configuration, Configuration):
        settings = copy.deepcopy(configuration)
    else:
        raise ApiTypeError(f"configuration must be a Configuration, not {described(configuration)}")
    if api_key.value is not None:
        if not isinstance(api_key.value, str) or not api_key.value:
            raise ApiKeyError("api_key must be a text that is not empty; leave it out to use OPENMONETIZE_API_KEY")
        if "://" in api_key.value:
            raise ApiKeyError("api_key is a URL: the key comes first, and then base_url")
        settings.api_key = {"bearerAuth": api_key.value}
    if base_url is not None:
        settings.host = base_url
    return settings
