"""Meter runs of the Claude Agent SDK. Runs by itself: its command asks a fake provider, and the platform is local."""

from __future__ import annotations

import asyncio
import tempfile

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage

from openmonetize import OpenMonetize
from openmonetize.integrations.claude_agent_sdk import Metering
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders


async def main(om: OpenMonetize, environment: dict[str, str]) -> None:
    # With partial messages each call is an event; without them there is one for each model and result.
    options = ClaudeAgentOptions(model="claude-sonnet-5", include_partial_messages=True, env=environment)
    with om.context(user_id="acme-corp-user-000001", feature_id="code"):
        async for message in Metering(om).query(prompt="How is the weather in Rome?", options=options):
            if isinstance(message, ResultMessage):
                print(message.result)


if __name__ == "__main__":
    answer = Answer("Sunny.", input_tokens=100, output_tokens=20)
    with FakeProviders(script=answer) as fake, Sandbox() as sandbox, tempfile.TemporaryDirectory() as home:
        environment = {
            "ANTHROPIC_BASE_URL": fake.anthropic_url,
            "ANTHROPIC_API_KEY": "unused",
            "CLAUDE_CONFIG_DIR": home,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        with OpenMonetize(sandbox.key, sandbox.url) as om:
            om.credits.grant(user_id="acme-corp-user-000001", amount=1000)
            asyncio.run(main(om, environment))
            om.wait_billed()
        for event in sandbox.events():
            tokens = event["input_tokens"] + event["output_tokens"]
            print(f"{event['user_id']}, {event['model']}: {tokens} tokens, {event['credits']} credits")
