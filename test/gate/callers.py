"""A process with 16 parallel callers that reserve, call and settle: ``callers.py URL KEY USER SETTINGS``."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from typing import Any

from openmonetize import EntitlementDenied, OpenMonetize

CREDITS = 10  # of each call
CALLERS = 16


def say(word: str) -> None:
    """Write a line in one piece: nothing is lost when the process is killed."""
    os.write(1, f"{word}\n".encode())


def call(om: OpenMonetize, user: str, *, patience: float, stuck: bool, ttl: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            with om.reserve("chat", user_id=user, credits=CREDITS, on_outage="deny", ttl=ttl) as hold:
                say("held")
                if stuck:
                    time.sleep(3600)
                time.sleep(random.uniform(0.0, 0.05))
                hold.settle(credits=CREDITS)
                say("settled")
                return
        except EntitlementDenied as denied:
            if denied.check.source != "holds" and "Insufficient" not in str(denied.check.reason):
                say(f"failed {denied}")
        if time.monotonic() >= deadline:
            say("denied")
            return
        time.sleep(random.uniform(0.05, 0.1))


def main() -> None:
    url, key, user, text = sys.argv[1:]
    settings: dict[str, Any] = json.loads(text)
    client = {name: settings[name] for name in ("holds", "outbox") if settings.get(name)}
    om = OpenMonetize(key, url, flush_interval=0.05, check_cache_seconds=0.5, check_timeout=10.0, **client)
    how = {"patience": settings["patience"], "stuck": settings["stuck"], "ttl": settings["ttl"]}
    threads = [threading.Thread(target=call, args=(om, user), kwargs=how) for _ in range(settings["callers"])]
    say("ready")
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    say("flushed" if om.close(30.0) else "not flushed")


if __name__ == "__main__":
    main()
