"""The servers that measured adapters talk to, in a process of their own: fake providers and a sandbox.

It prints where they are, as one line of JSON, and exits when its standard input is closed.
"""

from __future__ import annotations

import json
import sys

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders

USER = "acme-corp-user-000001"
_CREDITS = 1_000_000_000


def main() -> None:
    """Serve until standard input ends."""
    answer = Answer(input_tokens=100, output_tokens=20, cached_tokens=10, reasoning_tokens=5)
    with FakeProviders(script=answer) as fake, Sandbox() as sandbox:
        with OpenMonetize(sandbox.key, sandbox.url) as om:
            om.credits.grant(user_id=USER, amount=_CREDITS)
        print(json.dumps({**fake.urls, "platform": sandbox.url, "key": sandbox.key, "user": USER}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
