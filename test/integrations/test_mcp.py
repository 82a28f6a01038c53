"""Paid tools: a tool runs if its user has the credits, and is billed once, with real servers and clients."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from openmonetize import OpenMonetize
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.integrations.mcp import PaidTools, Price, ToolAnswer, ToolCall
from openmonetize.sandbox import Sandbox

from .mcp_servers import LIBRARIES, OF_2, Answer, Client, Tools, connected, make_server

BILLING = "https://app.example.test/team/"
USER = "acme-ada"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    sandbox.reset()
    client = OpenMonetize(sandbox.key, sandbox.url)
    yield client
    client.close()


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 30))


def billed(om: OpenMonetize, sandbox: Sandbox, user_id: str = USER) -> int:
    """Return the credits that the user's wallet has paid."""
    assert om.flush(10)
    return sandbox.billed(user_id)


def events(om: OpenMonetize, sandbox: Sandbox) -> list[dict[str, Any]]:
    assert om.flush(10)
    return sandbox.events()


class Setting:
    """A server with paid tools, which a test calls."""

    def __init__(self, library: str, om: OpenMonetize, credits: int | None = 1000, **settings: Any) -> None:
        if credits is not None:
            om.credits.grant(user_id=USER, amount=credits)
        prices = {
            "search": 5,
            "render": Price(100, lambda answer: answer.structured["pages"] * 2),
            "fail": 7,
            "slow": 9,
        }
        settings = {"user_id": USER, "billing_url": BILLING, **settings}
        self.library = library
        self.paid = PaidTools(om, settings.pop("prices", prices), **settings)

    def connect(self, tools: Tools, **client: Any) -> Any:
        server = make_server(self.library, tools)
        self.paid.install(server)
        self.paid.install(server)  # a second time does nothing
        return connected(self.library, server, **client)


def test_a_call_is_billed_its_price_and_a_free_tool_nothing(library: str, om: OpenMonetize, sandbox: Sandbox) -> None:
    setting = Setting(library, om)

    async def main() -> None:
        async with setting.connect(Tools()) as client:
            assert await client.call("ping") == Answer("pong", False)
            assert await client.call("search", q="x") == Answer("found x", False)
            assert await client.call("search", q="x") == Answer("found x", False)

    run(main())
    assert billed(om, sandbox) == 10
    assert [(event["user_id"], event["feature_id"]) for event in events(om, sandbox)] == [(USER, "mcp.search")] * 2


def test_the_price_may_follow_from_the_answer_up_to_its_maximum(
    library: str, om: OpenMonetize, sandbox: Sandbox
) -> None:
    setting = Setting(library, om)

    async def main() -> None:
        async with setting.connect(Tools()) as client:
            assert '"pages":8' in (await client.call("render", pages=8)).text.replace(" ", "")
            await client.call("render", pages=400)
            await client.call("render", pages=0)

    run(main())
    assert billed(om, sandbox) == 16 + 100
    assert len(events(om, sandbox)) == 2


def test_a_failed_tool_is_free_unless_it_is_said_otherwise(library: str, om: OpenMonetize, sandbox: Sandbox) -> None:
    tools = Tools()

    async def main(setting: Setting) -> None:
        async with setting.connect(tools) as client:
            assert (await client.call("fail")).failed

    run(main(Setting(library, om)))
    assert billed(om, sandbox) == 0
    run(main(Setting(library, om, None, charge_failures=True)))
    assert billed(om, sandbox) == 7
    assert tools.runs == ["fail", "fail"]


@pytest.mark.parametrize("credits", [None, 4])
def test_without_credits_a_client_that_opens_no_pages_gets_a_failed_tool_that_says_why(
    library: str, om: OpenMonetize, sandbox: Sandbox, credits: int | None
) -> None:
    tools, setting = Tools(), Setting(library, om, credits)

    async def main() -> None:
        async with setting.connect(tools) as client:
            answer = await client.call("search", q="x")
            assert answer.failed
            assert answer.text.startswith("The tool search was not run: it needs 5 credits. ")
            assert "https://app.example.test/" in answer.text
            assert (await client.call("ping")).text == "pong"

    run(main())
    assert tools.runs == []
    assert events(om, sandbox) == []


def test_without_credits_a_client_that_opens_pages_gets_the_link_in_the_words_of_the_protocol(
    library: str, om: OpenMonetize
) -> None:
    tools, setting = Tools(), Setting(library, om, None)

    async def main() -> None:
        async with setting.connect(tools, opens_pages=True) as client:
            if "newest" in library:  # the error was retired: the client is asked by the result, and calls again
                assert (await client.call("search", q="x")).failed
                assert client.pages == ["https://app.example.test/credits/wallet"]
            else:
                error = await error_of(client)
                assert error.code == -32042
                [page] = error.data["elicitations"]
                assert (page["mode"], page["url"]) == ("url", "https://app.example.test/credits/wallet")
                assert "it needs 5 credits. No credit wallet found." in page["message"]
                assert len(page["elicitationId"]) == 36

    run(main())
    assert tools.runs == []


async def error_of(client: Client) -> Any:
    with pytest.raises(Exception, match=r".") as caught:
        await client.call("search", q="x")
    return caught.value.error


def test_a_user_who_buys_on_the_page_is_served(library: str, om: OpenMonetize, sandbox: Sandbox) -> None:
    tools, setting = Tools(), Setting(library, om, None)

    async def main() -> None:
        def buy() -> None:
            om.credits.grant(user_id=USER, amount=1000)

        async with setting.connect(tools, opens_pages=True, then=buy) as client:
            if "newest" not in library:
                await error_of(client)
                buy()
            assert await client.call("search", q="x") == Answer("found x", False)

    run(main())
    assert billed(om, sandbox) == 5
    assert tools.runs == ["x"]


def test_without_a_link_the_reason_is_told_in_words(library: str, om: OpenMonetize) -> None:
    setting = Setting(library, om, None, billing_url=None)

    async def main() -> None:
        async with setting.connect(Tools(), opens_pages=True) as client:
            assert await client.call("search", q="x") == Answer(
                "The tool search was not run: it needs 5 credits. No credit wallet found.", True
            )
            assert client.pages == []

    run(main())


def test_calls_at_the_same_moment_cannot_spend_more_than_there_is(
    library: str, om: OpenMonetize, sandbox: Sandbox
) -> None:
    tools, setting = Tools(), Setting(library, om, 25)

    async def main() -> None:
        async with setting.connect(tools) as client:
            answers = await asyncio.gather(*(client.call("search", q=str(number)) for number in range(20)))
            assert sum(not answer.failed for answer in answers) == 5

    run(main())
    assert len(tools.runs) == 5
    assert billed(om, sandbox) == 25


def test_a_cancelled_call_gives_its_credits_back(library: str, om: OpenMonetize, sandbox: Sandbox) -> None:
    tools, setting = Tools(), Setting(library, om, 9)

    async def main() -> None:
        async with setting.connect(tools) as client:
            call = asyncio.create_task(client.call("slow"))
            await tools.began.wait()
            assert (await client.call("slow")).failed  # all is held
            call.cancel()
            await client.cancel_first()
            await asyncio.gather(call, return_exceptions=True)
            await tools.cancelled.wait()
            tools.go_on.set()
            while (await client.call("slow")).failed:  # the credits come back on another thread
                await asyncio.sleep(0.01)

    run(main())
    assert len(events(om, sandbox)) == 1


def test_while_the_platform_does_not_answer_the_policy_decides(
    library: str, om: OpenMonetize, sandbox: Sandbox
) -> None:
    tools = Tools()

    async def main(setting: Setting, expected: Answer) -> None:
        async with setting.connect(tools, opens_pages=True) as client:
            assert await client.call("search", q="x") == expected
            assert client.pages == []

    refused = Answer("The tool search was not run: its price cannot be charged right now. Try again later.", True)
    om.credits.grant(user_id=USER, amount=1000)
    sandbox.fail_next("503:path=/v1/entitlements", times=1000)
    run(main(Setting(library, om, None), refused))
    assert tools.runs == []
    run(main(Setting(library, om, None, on_outage="allow"), Answer("found x", False)))
    assert billed(om, sandbox) == 5


def test_without_a_user_a_paid_tool_is_not_run(library: str, om: OpenMonetize) -> None:
    tools, setting = Tools(), Setting(library, om, None, user_id=lambda call: None)

    async def main() -> None:
        async with setting.connect(tools) as client:
            answer = await client.call("search", q="x")
            assert answer.failed
            assert "nobody is signed in" in answer.text
            with om.context(user_id=USER):
                assert (await client.call("ping")).text == "pong"

    run(main())
    assert tools.runs == []


def test_user_and_feature_may_be_functions_of_the_call(library: str, om: OpenMonetize, sandbox: Sandbox) -> None:
    seen: list[ToolCall] = []

    async def user_of(call: ToolCall) -> str:
        seen.append(call)
        return f"acme-{call.arguments['q']}"

    setting = Setting(library, om, None, user_id=user_of, feature_id=lambda call: f"tools.{call.tool}")
    om.credits.grant(user_id="acme-grace", amount=1000)

    async def main() -> None:
        async with setting.connect(Tools()) as client:
            assert not (await client.call("search", q="grace")).failed
            assert (await client.call("search", q="nobody")).failed

    run(main())
    assert billed(om, sandbox, "acme-grace") == 5
    assert [event["feature_id"] for event in events(om, sandbox)] == ["tools.search"]
    assert [(call.tool, call.token, call.principal) for call in seen] == [("search", None, None)] * 2
    assert all(call.context is not None for call in seen)


def test_tools_that_a_check_denies_are_left_out_where_asked_for(library: str, om: OpenMonetize) -> None:
    async def main(setting: Setting, expected: set[str]) -> None:
        async with setting.connect(Tools()) as client:
            assert set(await client.tools()) == expected

    everything = {"search", "render", "fail", "slow", "ping"}
    run(main(Setting(library, om, None), everything))
    run(main(Setting(library, om, None, hidden=True), {"ping"}))
    run(main(Setting(library, om, 1000, hidden=True), everything))


def test_a_hidden_tool_cannot_be_called(library: str, om: OpenMonetize) -> None:
    tools, setting = Tools(), Setting(library, om, hidden=lambda tool, user: (tool, user) == ("search", USER))

    async def main() -> None:
        async with setting.connect(tools) as client:
            assert set(await client.tools()) == {"render", "fail", "slow", "ping"}
            assert await client.call("search", q="x") == Answer("Unknown tool: search", True)
            assert (await client.call("ping")).text == "pong"

    run(main())
    assert tools.runs == []


@pytest.mark.parametrize("of", [lambda answer: "five", lambda answer: answer.structured["no such"], lambda answer: -1])
def test_a_price_that_cannot_be_told_is_counted_and_the_answer_is_the_clients(
    library: str, om: OpenMonetize, sandbox: Sandbox, of: Any
) -> None:
    setting = Setting(library, om, prices={"render": Price(100, of)})

    async def main() -> None:
        async with setting.connect(Tools()) as client:
            assert not (await client.call("render", pages=3)).failed

    run(main())
    assert billed(om, sandbox) == 0
    assert om.warning_counts()["unmetered"] == 1
    assert not om.reserve("x", user_id=USER, credits=1000, on_outage="deny").held.ended  # nothing is held any more


def test_what_is_recorded_while_a_tool_runs_is_billed_to_its_user(
    library: str, om: OpenMonetize, sandbox: Sandbox
) -> None:
    answers: list[ToolAnswer] = []

    def nothing_more(answer: ToolAnswer) -> int:
        answers.append(answer)
        return 0

    tools, setting = Tools(), Setting(library, om, prices={"search": Price(100, nothing_more)})
    tools.inside = lambda: om.track_custom_event(unit_type="page", quantity=3) and None

    async def main() -> None:
        async with setting.connect(tools) as client:
            await client.call("search", q="x")

    run(main())
    assert billed(om, sandbox) == 30
    assert [(answer.text, answer.failed) for answer in answers] == [("found x", False)]


def test_sessions_repeat_the_ids_of_requests_and_each_call_is_billed(
    library: str, om: OpenMonetize, sandbox: Sandbox
) -> None:
    setting = Setting(library, om)

    async def main() -> None:
        server = make_server(library, Tools())
        setting.paid.install(server)
        for _ in range(3):
            async with connected(library, server) as client:
                await client.call("search", q="x")

    run(main())
    assert billed(om, sandbox) == 15
    assert len({event["event_id"] for event in events(om, sandbox)}) == 3


@pytest.mark.parametrize(
    ("prices", "settings"),
    [
        ({"x": 0}, {}),
        ({"x": 1.5}, {}),
        ({"x": None}, {}),
        ({"x": Price(0, len)}, {}),
        ({"x": Price(5, 3)}, {}),
        ({"x": 5}, {"on_outage": "maybe"}),
        ({"x": 5}, {"billing_url": "/buy"}),
        ({"x": 5}, {"ttl": 0}),
    ],
)
def test_what_cannot_be_a_price_or_setting_is_refused(om: OpenMonetize, prices: Any, settings: Any) -> None:
    with pytest.raises((ApiTypeError, ApiValueError)):
        PaidTools(om, prices, **settings)


def test_what_is_no_server_is_refused(om: OpenMonetize) -> None:
    with pytest.raises(ApiTypeError, match="a server of mcp or fastmcp"):
        PaidTools(om, {"x": 5}).install(object())


if OF_2:  # which the example needs

    def test_its_example_runs() -> None:
        example = Path(__file__).parents[2] / "examples" / "integrations" / "mcp_paid_tools.py"
        done = subprocess.run([sys.executable, str(example)], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "5 credits billed" in done.stdout
