"""Event ids: UUIDs, minted once, or derived from the caller's own."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from hashlib import sha1
from typing import Callable

#: Where the caller's own event id is kept when it had to be turned into a UUID.
SOURCE_ID_KEY = "source_event_id"

#: What the platform takes as a UUID: versions 1 to 8 with the RFC's variant, the nil and the max UUID.
UUID_PATTERN = (
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    r"|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff"
)
_UUID = re.compile(UUID_PATTERN).fullmatch

# The library's own namespace, so that its derived ids meet nobody else's.
_NAMESPACE = bytes.fromhex("6d3c1f0e2a575b7e9c1d0f6f5d0f7a11")

# The two upper bits of this digit say that the UUID is of RFC 9562.
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}


# `urandom` lets other threads in for each id, which makes a caller wait for the one that delivers.
_random: Callable[[int], bytes] = getattr(os, "getrandom", os.urandom)


def is_uuid(text: str) -> bool:
    """Whether the platform takes ``text`` (in lower case) as a UUID."""
    return _UUID(text) is not None


def mint_id() -> str:
    """A new random UUID (version 4), as text.

    Without the ``uuid`` module, whose import is slow, and always from the operating system: a forked or cloned
    process must never repeat an id.
    """
    digits = _random(16).hex("-", 6)  # 8, 12 and 12 of them
    return f"{digits[:13]}-4{digits[13:16]}-a{digits[18:]}"


def derive_id(namespace: str, text: str) -> str:
    """The UUID (version 5) that stands for a caller's own id; the same pair always gives the same UUID.

    Args:
        namespace: whose id it is, such as the customer id.
        text: the caller's id.
    """
    return _uuid5(_namespace(namespace), text)


@lru_cache(maxsize=1024)
def _namespace(text: str) -> bytes:
    """The UUID that stands for the namespace ``text``, as bytes."""
    return bytes.fromhex(_uuid5(_NAMESPACE, text).replace("-", ""))


def _uuid5(namespace: bytes, text: str) -> str:
    digits = sha1(namespace + text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"
