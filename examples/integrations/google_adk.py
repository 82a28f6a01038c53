"""Meter agents of Google ADK. Runs by itself, against a fake provider and a local platform."""

from __future__ import annotations

import asyncio
import os

from google.adk.agents import LlmAgent
from google.adk.apps import App
from google.adk.runners import InMemoryRunner
from google.genai import types

from openmonetize import OpenMonetize
from openmonetize.integrations.google_adk import MeteringPlugin
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders, ToolCall

USER = "acme-corp-user-000001"


def weather(city: str) -> str:
    """Return the weather of a city."""
    return f"It is sunny in {city}"


async def main(om: OpenMonetize) -> None:
    agent = LlmAgent(name="forecaster", model="gemini-2.5-pro", tools=[weather])
    # The user is that of the session; with `om.context(user_id=...)` around the run it need not be.
    plugin = MeteringPlugin(om, feature_id="forecast", session_user=True)
    runner = InMemoryRunner(app=App(name="weather", root_agent=agent, plugins=[plugin]))
    session = await runner.session_service.create_session(app_name="weather", user_id=USER)
    question = types.Content(role="user", parts=[types.Part(text="How is the weather in Rome?")])
    async for event in runner.run_async(user_id=USER, session_id=session.id, new_message=question):
        for part in event.content.parts if event.content and event.content.parts else []:
            if part.text:
                print(part.text)


if __name__ == "__main__":
    answers = [
        Answer("", input_tokens=100, output_tokens=20, tool_calls=[ToolCall("weather", {"city": "Rome"})]),
        Answer("Sunny.", input_tokens=150, output_tokens=5),
    ]
    with FakeProviders(script=answers) as fake, Sandbox() as sandbox:
        os.environ.update(GOOGLE_API_KEY="unused", GOOGLE_GEMINI_BASE_URL=fake.google_url)
        with OpenMonetize(sandbox.key, sandbox.url) as om:
            om.credits.grant(user_id=USER, amount=1000)
            asyncio.run(main(om))
            om.wait_billed()
        for event in sandbox.events():
            tokens = event["input_tokens"] + event["output_tokens"]
            print(f"{event['user_id']}, {event['model']}: {tokens} tokens, {event['credits']} credits")
