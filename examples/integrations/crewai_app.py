"""Meter CrewAI: one listener for all agents and crews of a program.

Runs by itself against fake providers and a sandbox of the platform; needs crewai. With real ones,
``om = OpenMonetize()`` and ``LLM(model="openai/gpt-4o")`` are all that changes.
"""

import os

os.environ.setdefault("CREWAI_DISABLE_TELEMETRY", "true")

from crewai import LLM, Agent, Crew, Task

from openmonetize import OpenMonetize
from openmonetize.integrations.crewai import metering
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders

with FakeProviders(script=Answer("Final Answer: hello")) as fake, Sandbox() as sandbox:
    model = LLM(model="openai/gpt-4o", base_url=fake.openai_url, api_key="unused")
    greeter = Agent(role="Greeter", goal="Greet people", backstory="You are polite.", llm=model)
    task = Task(description="Greet Ada", expected_output="A greeting", agent=greeter)

    with OpenMonetize(sandbox.key, sandbox.url) as om:
        with metering(om, feature_id="greeting", user_id="acme-ada-lovelace"):
            Crew(agents=[greeter], tasks=[task]).kickoff()

        om.flush()
        for event in sandbox.events():
            print(event["user_id"], event["model"], event["input_tokens"], "+", event["output_tokens"], "tokens")
