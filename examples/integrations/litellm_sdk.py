"""Meter every call that a program makes with LiteLLM, whichever provider answers it.

Run it as it is: it brings its own provider and its own platform. In your program, leave both out.
"""

from __future__ import annotations

import os
import threading

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # no network for this example

import litellm
from litellm.integrations.custom_logger import CustomLogger

from openmonetize import OpenMonetize
from openmonetize.integrations.litellm import MeteringLogger
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders


class Done(CustomLogger):
    """LiteLLM tells of calls on another thread, and does not wait for it when a short program ends."""

    told = threading.Semaphore(0)

    def log_success_event(self, kwargs, response_obj, start_time, end_time):
        self.told.release()


with FakeProviders() as fake, Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
    litellm.callbacks = [MeteringLogger(om, feature_id="chat"), Done()]

    messages = [{"role": "user", "content": "Name a city in Norway."}]
    with om.context(user_id="acme-user-of-the-example"):
        litellm.completion("openai/gpt-4o-mini", messages, api_key="unused", api_base=fake.openai_url)
        stream = litellm.completion(
            "anthropic/claude-sonnet-4-5", messages, stream=True, api_key="unused", api_base=fake.anthropic_url
        )
        for _ in stream:
            pass

    for _ in range(2):
        Done.told.acquire(timeout=120)
    om.flush()
    for event in sandbox.events():
        print(event["user_id"], event["model"], event["input_tokens"], event["output_tokens"])
