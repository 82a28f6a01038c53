"""Meter instructor: give it a wrapped client, and each attempt is an event, those that fail the validation too.

Runs by itself against fake providers and a sandbox of the platform; needs instructor and openai. With real ones,
``om = OpenMonetize()`` and ``openai.OpenAI()`` are all that changes.
"""

import instructor
import openai
from pydantic import BaseModel

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders, ToolCall


class Person(BaseModel):
    """A person."""

    age: int


answers = [Answer("", tool_calls=[ToolCall("Person", {"age": age})]) for age in ("unknown", 36)]

with FakeProviders(script=answers) as fake, Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
    client = instructor.from_openai(om.wrap(openai.OpenAI(base_url=fake.openai_url, api_key="k"), feature_id="extract"))
    with om.context(user_id="acme-ada-lovelace"):
        person = client.chat.completions.create(
            model="gpt-4o",
            response_model=Person,
            messages=[{"role": "user", "content": "How old is Ada?"}],
            max_retries=2,
        )
    print(person)

    om.flush()
    for event in sandbox.events():
        print(event["user_id"], event["model"], event["input_tokens"], "+", event["output_tokens"], "tokens")
