"""The oldest versions of the providers' libraries that are tested, and whether those at hand are older."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping

logger = logging.getLogger("openmonetize.providers")

# The tests of the wrappers pass with the newest versions, and with these as far as they have the calls.
OLDEST: Mapping[str, str] = {
    "openai": "1.109",
    "anthropic": "0.72",
    "google-genai": "1.50",
    "mistralai": "1.9",
    "cohere": "5.20",
    "boto3": "1.40",
}

# Where each library says its version, without an import of metadata, which takes milliseconds.
_PLACES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "openai": (("openai", "__version__"),),
    "anthropic": (("anthropic", "__version__"),),
    "google-genai": (("google.genai", "__version__"), ("google.genai.version", "__version__")),
    "mistralai": (("mistralai.client._version", "__version__"), ("mistralai._version", "__version__")),
    "cohere": (("cohere", "__version__"),),
    "boto3": (("botocore", "__version__"),),
}

_told: set[str] = set()


def version_of(library: str) -> str | None:
    """Return the version of an imported library, or None where it does not say."""
    for module, name in _PLACES.get(library, ()):
        version = getattr(sys.modules.get(module), name, None)
        if isinstance(version, str) and version[:1].isdigit():
            return version
    return None


def is_too_old(library: str, version: str) -> bool:
    """Return whether a version is older than the oldest one that is tested."""
    return _numbers(version) < _numbers(OLDEST[library])


def check_version(library: str) -> None:
    """Log a warning, once for each library, if it is older than what is tested."""
    version = version_of(library)
    if version is None or library in _told or not is_too_old(library, version):
        return
    _told.add(library)
    logger.warning(
        "%s %s is older than %s, the oldest version that wrapping is tested with: some of its calls may not be metered",
        library,
        version,
        OLDEST[library],
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
