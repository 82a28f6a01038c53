"""One client for every deployment of the platform: each of its quirks is one small rule, with its reason.

Nothing of this is on the generated path: `CreditsApi()` and its kin give the server's raw answers.
"""

from __future__ import annotations

from openmonetize.compat.client import RULES, CompatClient
from openmonetize.compat.rule import NotServedError

__all__ = ["RULES", "NotServedError", "CompatClient"]
