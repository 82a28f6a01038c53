"""All together: a FastAPI application whose LangChain agent uses a paid MCP tool, traced by OpenTelemetry.

The calls of the model are seen by three layers, the patched library, LangChain's callback and a span, and billed once.
The tool has a price of its own. A user without credits is answered 402. Run it: it visits itself.
"""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI, Header
from fastapi.testclient import TestClient
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from mcp import Client
from mcp.server.mcpserver import MCPServer
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from openmonetize import OpenMonetize
from openmonetize.integrations import fastapi, opentelemetry
from openmonetize.integrations.langchain import MeteringHandler
from openmonetize.integrations.mcp import PaidTools
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders, ToolCall


def create_app(om: OpenMonetize, model_url: str) -> FastAPI:
    """Return the application.

    Args:
        om: bills its users.
        model_url: of the provider.
    """
    papers = MCPServer("papers", middleware=[PaidTools(om, {"search": 5})])

    @papers.tool()
    def search(query: str) -> str:
        return f"three papers about {query}"

    @tool
    async def search_papers(query: str) -> str:
        """Search for papers."""
        async with Client(papers) as client:
            answer: Any = await client.call_tool("search", {"query": query})
            return str(answer.content[0].text)

    model = ChatOpenAI(model="gpt-4o", base_url=model_url, api_key="unused")  # type: ignore[arg-type]
    agent = create_agent(model, tools=[search_papers])

    app = FastAPI()
    fastapi.install(app, om)

    def current_user(x_user: str = Header()) -> str:
        return f"acme-{x_user}"  # your authentication

    may_ask = Depends(fastapi.require(om, "research", user=current_user, on_outage="deny"))

    @app.post("/ask", responses=fastapi.DENIED, dependencies=[may_ask])
    async def ask(question: str) -> str:
        messages: Any = {"messages": [("user", question)]}
        answer = await agent.ainvoke(messages, {"callbacks": [MeteringHandler(om)]})
        return str(answer["messages"][-1].content)

    return app


def trace_everything(om: OpenMonetize) -> None:
    """Trace the calls of models, export a tenth of them, and bill all."""
    provider = TracerProvider(sampler=opentelemetry.KeepGenAISpans(TraceIdRatioBased(0.1)))
    opentelemetry.install(provider, om)
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    om.instrument("openai")


def main() -> None:
    user = "acme-ada-lovelace"
    with Sandbox() as sandbox, FakeProviders() as fake, OpenMonetize(sandbox.key, sandbox.url) as om:
        fake.script = [
            Answer(tool_calls=[ToolCall("search_papers", {"query": "metering"})]),
            Answer("Read these three."),
        ]
        om.credits.grant(user_id=user, amount=100)
        trace_everything(om)
        with TestClient(create_app(om, fake.openai_url)) as visitor:
            print(visitor.post("/ask?question=What shall I read?", headers={"X-User": "ada-lovelace"}).json())
            denied = visitor.post("/ask?question=What shall I read?", headers={"X-User": "nobody"})
            print(denied.status_code, denied.json()["detail"])
        om.wait_billed()
        for event in sandbox.events():
            what = event.get("model") or event["unit_type"]
            print(event["user_id"], event["feature_id"], event["event_type"], what)
        OpenAIInstrumentor().uninstrument()


if __name__ == "__main__":
    main()
