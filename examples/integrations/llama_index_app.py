"""Meter LlamaIndex: one handler for all models of a program.

Runs by itself against fake providers and a sandbox of the platform; needs llama-index-llms-openai. With real ones,
``om = OpenMonetize()`` and ``OpenAI(model="gpt-4o")`` are all that changes.
"""

from llama_index.core.llms import ChatMessage
from llama_index.llms.openai import OpenAI

from openmonetize import OpenMonetize
from openmonetize.integrations.llama_index import metering
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

with FakeProviders() as fake, Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
    model = OpenAI(
        model="gpt-4o",
        api_base=fake.openai_url,
        api_key="unused",
        additional_kwargs={"stream_options": {"include_usage": True}},  # else streams tell no usage
    )
    with metering(om, feature_id="chat"), om.context(user_id="acme-ada-lovelace"):
        list(model.stream_chat([ChatMessage(role="user", content="Say hello")]))
    with metering(om, feature_id="chat"), om.context(user_id="acme-grace-hopper"):
        list(model.stream_complete("Say hello"))

    om.flush()
    for event in sandbox.events():
        print(event["user_id"], event["model"], event["input_tokens"], "+", event["output_tokens"], "tokens")
