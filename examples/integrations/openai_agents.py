"""Meter agents of the OpenAI Agents SDK. Runs by itself, against a fake provider and a local platform."""

from __future__ import annotations

import asyncio

from agents import Agent, Runner, function_tool, set_default_openai_client, set_trace_processors
from openai import AsyncOpenAI

from openmonetize import OpenMonetize
from openmonetize.integrations.openai_agents import MeteringHooks, MeteringProcessor
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders, ToolCall


@function_tool
def weather(city: str) -> str:
    """Return the weather of a city."""
    return f"It is sunny in {city}"


async def main(om: OpenMonetize) -> None:
    # Every run of the process, those of guardrails included. `add_trace_processor` keeps OpenAI's own tracing.
    set_trace_processors([MeteringProcessor(om)])
    # These runs, and their agents' names: a call that both tell of is recorded once.
    hooks = MeteringHooks(om)
    agent = Agent("forecaster", instructions="You know the weather.", model="gpt-4o", tools=[weather])
    with om.context(user_id="acme-corp-user-000001", feature_id="forecast"):
        result = await Runner.run(agent, "How is the weather in Rome?", hooks=hooks)
    print(result.final_output)


if __name__ == "__main__":
    answers = [
        Answer(input_tokens=100, output_tokens=20, tool_calls=[ToolCall("weather", {"city": "Rome"})]),
        Answer("Sunny.", input_tokens=150, output_tokens=5),
    ]
    with FakeProviders(script=answers) as fake, Sandbox() as sandbox:
        set_default_openai_client(AsyncOpenAI(base_url=fake.openai_url, api_key="unused"))
        with OpenMonetize(sandbox.key, sandbox.url) as om:
            om.credits.grant(user_id="acme-corp-user-000001", amount=1000)
            asyncio.run(main(om))
            om.wait_billed()
        for event in sandbox.events():
            tokens = event["input_tokens"] + event["output_tokens"]
            print(f"{event['user_id']}, {event['model']}: {tokens} tokens, {event['credits']} credits")
