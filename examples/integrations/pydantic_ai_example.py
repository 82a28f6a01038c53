"""Meter agents of Pydantic AI. Runs by itself, against a fake provider and a local platform."""

from __future__ import annotations

import asyncio

from pydantic_ai import Agent
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from openmonetize import OpenMonetize
from openmonetize.integrations.pydantic_ai import Metering
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders, ToolCall


async def main(om: OpenMonetize, provider: OpenAIProvider) -> None:
    # Models that the first one falls back to are metered too.
    model = FallbackModel(OpenAIChatModel("gpt-4o", provider=provider), OpenAIChatModel("gpt-4.1", provider=provider))
    agent = Agent(model, instructions="You know the weather.", capabilities=[Metering(om)])

    @agent.tool_plain
    def weather(city: str) -> str:
        """Return the weather of a city."""
        return f"It is sunny in {city}"

    with om.context(user_id="acme-corp-user-000001", feature_id="forecast"):
        result = await agent.run("How is the weather in Rome?")
    print(result.output)


if __name__ == "__main__":
    answers = [
        Answer("", input_tokens=100, output_tokens=20, tool_calls=[ToolCall("weather", {"city": "Rome"})]),
        Failure(400),
        Answer("Sunny.", input_tokens=150, output_tokens=5),
    ]
    with FakeProviders(script=answers) as fake, Sandbox() as sandbox:
        with OpenMonetize(sandbox.key, sandbox.url) as om:
            om.credits.grant(user_id="acme-corp-user-000001", amount=1000)
            asyncio.run(main(om, OpenAIProvider(base_url=fake.openai_url, api_key="unused")))
            om.wait_billed()
        for event in sandbox.events():
            tokens = event["input_tokens"] + event["output_tokens"]
            print(f"{event['user_id']}, {event['model']}: {tokens} tokens, {event['credits']} credits")
