"""``openmonetize mcp``, with the client of the SDK over stdio."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .mcp_servers import OF_2

KEY = "om_live_of_the_tests_4711"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def platform() -> Iterator[Sandbox]:
    """Yield a sandbox where gpt-4o was used twice as much this week, and claude for the first time."""
    with Sandbox(key=KEY) as sandbox:
        om = OpenMonetize(KEY, sandbox.url)
        for user in ("acme_ada", "acme_grace"):
            om.credits.grant(user_id=user, amount=100_000)
        now = datetime.now(timezone.utc)

        def use(provider: str, model: str, times: int, days_ago: int, user: str) -> None:
            for _ in range(times):
                om.track_token_usage(
                    provider=provider,
                    model=model,
                    input_tokens=100_000,
                    output_tokens=20_000,
                    user_id=user,
                    feature_id="chat" if provider == "openai" else "code",
                    timestamp=now - timedelta(days=days_ago),
                )

        use("openai", "gpt-4o", 2, 10, "acme_ada")
        use("openai", "gpt-4o", 4, 2, "acme_ada")
        use("anthropic", "claude-4.5-sonnet", 1, 2, "acme_grace")
        assert om.flush(10)
        om.close()
        yield sandbox


@asynccontextmanager
async def agent(tmp_path: Path, *arguments: str, **environment: str) -> AsyncIterator[Any]:
    """Start the command, and yield a session with it."""
    from mcp import ClientSession
    from mcp.client.stdio import StdioServerParameters, stdio_client

    variables = {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "openmonetize", "mcp", *arguments], env={**variables, **environment}
    )
    with (tmp_path / "stderr").open("w+") as errors:
        async with stdio_client(server, errlog=errors) as (reads, writes), ClientSession(reads, writes) as session:
            await session.initialize()
            yield session
        errors.seek(0)
        assert errors.read() == ""


async def ask(session: Any, tool: str, **arguments: Any) -> dict[str, Any] | str:
    """Return a tool's answer; the text if it failed."""
    result = await session.call_tool(tool, arguments)
    text = result.content[0].text
    assert KEY not in text
    failed = result.is_error if OF_2 else result.isError
    return text if failed else json.loads(text)


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 60))


def test_without_a_key_it_answers_from_a_sandbox_and_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with agent(tmp_path) as session:
            tools = (await session.list_tools()).tools
            assert {tool.name for tool in tools} == {"balance", "usage", "costs", "why_did_cost_rise", "forecast"}
            told = [tool.annotations.model_dump(by_alias=True) for tool in tools]
            assert all(one["readOnlyHint"] for one in told)
            answer = await ask(session, "balance", user_id="demo_ada")
            assert answer["balance"] > 0
            assert answer["account"] == "a sandbox with demo data: these figures are not yours"
            forecast = await ask(session, "forecast", days=2)
            assert (len(forecast["rows"]), forecast["days_until_empty"]) == (2, 1)
            days = await ask(session, "usage", last="1w")
            assert sum(day["events"] for day in days["rows"]) == days["total"]["events"] == 28185

    run(main())


def test_it_says_why_cost_rose_in_numbers(platform: Sandbox, tmp_path: Path) -> None:
    async def main() -> None:
        key = {"OPENMONETIZE_API_KEY": KEY, "OPENMONETIZE_BASE_URL": platform.url}
        async with agent(tmp_path, **key) as session:
            costs = await ask(session, "costs", last="30d")
            assert costs["account"] == "the one of the key from OPENMONETIZE_API_KEY"
            answer = await ask(session, "why_did_cost_rise", users=["acme_ada", "acme_grace"])
            total = answer["provider_cost_usd"]
            assert total["change"] == round(total["after"] - total["before"], 4) > 0
            assert total["before"] + total["after"] == pytest.approx(costs["total"]["provider_cost_usd"])
            claude, gpt = sorted(answer["models"], key=lambda model: model["provider"])
            assert (gpt["model"], gpt["events"]) == ("gpt-4o", {"before": 2, "after": 4, "change": 2})
            assert gpt["by_volume_usd"] == pytest.approx(gpt["provider_cost_usd"]["change"])
            assert gpt["by_rate_usd"] == pytest.approx(0)
            assert claude["provider_cost_usd"]["before"] == 0
            assert "by_volume_usd" not in claude
            assert {one["feature"] for one in answer["features"]} == {"chat", "code"}
            assert {one["user"] for one in answer["users"]} == {"acme_ada", "acme_grace"}
            assert answer["findings"][0].startswith("The provider cost rose: ")
            assert any("used in the later range only" in one for one in answer["findings"])

    run(main())


def test_ranges_may_be_named(platform: Sandbox, tmp_path: Path) -> None:
    async def main() -> None:
        key = {"OPENMONETIZE_API_KEY": KEY, "OPENMONETIZE_BASE_URL": platform.url}
        today = datetime.now(timezone.utc).date()
        ranges = {
            "start": str(today - timedelta(days=3)),
            "end": str(today),
            "before_start": str(today - timedelta(days=11)),
            "before_end": str(today - timedelta(days=4)),
        }
        async with agent(tmp_path, **key) as session:
            answer = await ask(session, "why_did_cost_rise", **ranges)
            assert answer["note"] == "the ranges are not equally long"
            [gpt] = [model for model in answer["models"] if model["model"] == "gpt-4o"]
            assert gpt["events"] == {"before": 2, "after": 4, "change": 2}

    run(main())


def test_an_error_is_a_line_of_a_failed_tool(platform: Sandbox, tmp_path: Path) -> None:
    async def main() -> None:
        key = {"OPENMONETIZE_API_KEY": KEY, "OPENMONETIZE_BASE_URL": platform.url}
        async with agent(tmp_path, **key) as session:
            for tool, arguments, expected in (
                ("balance", {"user_id": "acme_nobody"}, "Credit wallet not found"),
                ("usage", {"last": "3m"}, "months, years and minutes are not taken"),
                ("usage", {"end": "2026-11-01"}, "the range has no beginning"),
                ("costs", {"start": "yesterday"}, "yesterday"),
                ("why_did_cost_rise", {"users": ["x"] * 21}, "at most 20 users"),
            ):
                answer = await ask(session, tool, **arguments)
                assert isinstance(answer, str)
                assert expected in answer
                assert "\n" not in answer
                assert "grant" not in answer  # no hint at a command that writes
            platform.fail_next("401")
            assert "401" in await ask(session, "balance")

    run(main())


def test_a_platform_that_cannot_be_reached_is_an_error_of_the_tool(tmp_path: Path) -> None:
    async def main() -> None:
        key = {"OPENMONETIZE_API_KEY": KEY, "OPENMONETIZE_BASE_URL": "http://127.0.0.1:9"}
        async with agent(tmp_path, **key) as session:
            assert isinstance(await ask(session, "balance"), str)
        async with agent(tmp_path, "--sandbox", **key) as session:
            assert (await ask(session, "balance"))["account"].startswith("a sandbox")

    run(main())


def test_without_the_sdk_the_error_names_the_extra(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['mcp'] = sys.modules['mcp_types'] = None;"
        "from openmonetize.cli import main; sys.exit(main(['mcp']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "openmonetize mcp: error: openmonetize mcp needs the package mcp: pip install 'openmonetize[cli,mcp,sandbox]'\n"
    )
