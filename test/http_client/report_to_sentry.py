"""Report all failures with Sentry's client as it comes, and print what would be sent, one JSON object a line."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import sentry_sdk
from sentry_sdk.transport import Transport

from .failures import FAILURES


class Kept(Transport):
    """Keeps what would be sent."""

    sent: ClassVar[list[str]] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.sent.append(envelope.serialize().decode("utf-8", "replace"))


if __name__ == "__main__":
    # As it comes, but for the integrations of the frameworks that are installed, which it would import.
    sentry_sdk.init(dsn="http://a@127.0.0.1:9/1", transport=Kept, auto_enabling_integrations=False)
    for name, fail in FAILURES.items():
        try:
            fail()
        except BaseException as error:
            sentry_sdk.capture_exception(error)
        sentry_sdk.flush()
        print(json.dumps({"failure": name, "sent": "\n".join(Kept.sent)}))
        Kept.sent.clear()
