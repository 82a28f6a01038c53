"""What AI providers' calls used, read from their responses, their streams and their clients.

Nothing here imports a provider's library.
"""

from .extract import StreamMeter, usage_from
from .identity import event_id_for
from .models import priced_name
from .scope import METERED, NOT_METERED
from .usage import PROVIDERS, Usage, UsageError
from .wrap import wrap

__all__ = [
    "METERED",
    "NOT_METERED",
    "PROVIDERS",
    "StreamMeter",
    "Usage",
    "UsageError",
    "event_id_for",
    "priced_name",
    "usage_from",
    "wrap",
]
