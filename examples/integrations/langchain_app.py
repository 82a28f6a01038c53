"""Meter LangChain: one callback around a program, whatever chains, agents and threads are inside.

Runs by itself against fake providers and a sandbox of the platform; needs langchain-openai. With real ones,
``om = OpenMonetize()`` and ``ChatOpenAI(model="gpt-4o")`` are all that changes.
"""

from langchain_openai import ChatOpenAI

from openmonetize import OpenMonetize
from openmonetize.integrations.langchain import metering
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

with FakeProviders() as fake, Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
    model = ChatOpenAI(
        model="gpt-4o",
        base_url=fake.openai_url,
        api_key="unused",
        stream_usage=True,  # else a stream at a base_url of your own tells no usage
    )
    with metering(om, feature_id="chat"):
        with om.context(user_id="acme-ada-lovelace"):
            model.invoke("Say hello")
            list(model.stream("Say hello"))
        with om.context(user_id="acme-grace-hopper"):
            model.batch(["Say hello", "Say goodbye"])

    om.flush()
    for event in sandbox.events():
        print(event["user_id"], event["model"], event["input_tokens"], "+", event["output_tokens"], "tokens")
