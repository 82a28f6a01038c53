"""One client for every deployment of the platform: each difference or defect is hidden by one small rule.

The generated path has no rules: `CreditsApi()` and the other API classes give the server's own answers.
"""

from __future__ import annotations

from openmonetize.compat.client import RULES, CompatClient
from openmonetize.compat.rule import NotServedError

__all__ = ["RULES", "NotServedError", "CompatClient"]
