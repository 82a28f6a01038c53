"""The usage of AI providers' calls, read from their responses, streams and clients.

No provider's library is imported here.
"""

from __future__ import annotations

from openmonetize.events.providers import PROVIDERS
from openmonetize.pricing.vendor_names import priced_name
from openmonetize.providers.coverage import METERED, NOT_METERED
from openmonetize.providers.extract import StreamMeter, usage_from
from openmonetize.providers.identity import event_id_for
from openmonetize.providers.metering import UnmeteredCall
from openmonetize.providers.policy import BilledTokens, billed_tokens
from openmonetize.providers.usage import TokenPolicy, Usage, UsageError
from openmonetize.providers.wrap import wrap

__all__ = [
    "METERED",
    "NOT_METERED",
    "PROVIDERS",
    "BilledTokens",
    "StreamMeter",
    "TokenPolicy",
    "UnmeteredCall",
    "Usage",
    "UsageError",
    "billed_tokens",
    "event_id_for",
    "priced_name",
    "usage_from",
    "wrap",
]
