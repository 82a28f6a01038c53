"""The answer 402 to a request whose user may not go ahead."""

from __future__ import annotations

import json
from typing import Any

from openmonetize.gate import EntitlementDenied

STATUS = 402


def denial(error: EntitlementDenied) -> dict[str, Any]:
    """Return what to tell the caller of a request that was denied: plain JSON, the same in all frameworks."""
    check, question = error.check, error.question
    return {
        "detail": check.reason or "not enough credits",
        "user_id": question.user_id,
        "feature_id": question.feature_id,
        "balance": check.balance,
        "estimated_credits": check.estimated_credits,
        "actions": [action._asdict() for action in check.actions],
    }


def denial_json(error: EntitlementDenied) -> bytes:
    """Return the same as the body of a response."""
    return json.dumps(denial(error)).encode()
