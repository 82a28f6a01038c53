"""The reports of OpenAI and Anthropic are read as those document them, page by page, and their errors told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
import urllib3
from http_client.frames import frames_that_show

from openmonetize import (
    ApiConnectionError,
    ApiException,
    ApiKeyError,
    ApiValueError,
    ForbiddenException,
    ServiceException,
    UnauthorizedException,
    UnexpectedBodyError,
)
from openmonetize.pricing.vendor_names import priced_name
from openmonetize.reconcile import anthropic_reports, openai_reports
from openmonetize.reconcile.kinds import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, INPUT, OTHER, OUTPUT
from openmonetize.reconcile.statement import Place, Statement
from openmonetize.testing.fake_providers import Answer, FakeProviders

from .serving import Reports, serving

KEY = "sk-admin-0123456789abcdef-s3cret"
FIRST, LAST = date(2024, 11, 1), date(2024, 11, 2)

# As in https://platform.openai.com/docs/api-reference/usage/completions and /costs, with two pages.
OPENAI_USAGE = [
    {
        "object": "page",
        "data": [
            {
                "object": "bucket",
                "start_time": 1730419200,
                "end_time": 1730505600,
                "results": [
                    {
                        "object": "organization.usage.completions.result",
                        "input_tokens": 1000,
                        "output_tokens": 500,
                        "input_cached_tokens": 800,
                        "input_audio_tokens": 0,
                        "output_audio_tokens": 0,
                        "num_model_requests": 5,
                        "project_id": None,
                        "user_id": None,
                        "api_key_id": None,
                        "model": "gpt-4o-mini-2024-07-18",
                        "batch": None,
                        "service_tier": None,
                    }
                ],
            }
        ],
        "has_more": True,
        "next_page": "page_AAAAAGdGxdEiJdKOAAAAAGcqsYA=",
    },
    {
        "object": "page",
        "data": [
            {
                "object": "bucket",
                "start_time": 1730505600,
                "end_time": 1730592000,
                "results": [
                    {"input_tokens": 7, "output_tokens": 3, "num_model_requests": 1, "model": "gpt-4o-mini-2024-07-18"}
                ],
            }
        ],
        "has_more": False,
        "next_page": None,
    },
]
OPENAI_COSTS = [
    {
        "object": "page",
        "data": [
            {
                "object": "bucket",
                "start_time": 1730419200,
                "end_time": 1730505600,
                "results": [
                    {
                        "object": "organization.costs.result",
                        "amount": {"value": 0.06, "currency": "usd"},
                        "line_item": item,
                        "project_id": None,
                    }
                    for item in (
                        "gpt-4o-mini-2024-07-18, input",
                        "gpt-4o-mini-2024-07-18, cached input",
                        "gpt-4o-mini-2024-07-18, output",
                        "Image models",
                    )
                ],
            }
        ],
        "has_more": False,
        "next_page": None,
    }
]
# As in https://platform.claude.com/docs/en/manage-claude/usage-cost-api.
ANTHROPIC_USAGE = [
    {
        "data": [
            {
                "starting_at": "2024-11-01T00:00:00Z",
                "ending_at": "2024-11-02T00:00:00Z",
                "results": [
                    {
                        "uncached_input_tokens": 1500,
                        "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
                        "cache_read_input_tokens": 200,
                        "output_tokens": 500,
                        "server_tool_use": {"web_search_requests": 10},
                        "api_key_id": None,
                        "workspace_id": None,
                        "model": "claude-sonnet-4-20250514",
                        "service_tier": None,
                        "context_window": None,
                    }
                ],
            }
        ],
        "has_more": False,
        "next_page": None,
    }
]


def _charge(token_type: str | None, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "currency": "USD",
        "amount": amount,
        "workspace_id": None,
        "description": "Claude Sonnet 4 Usage",
        "cost_type": "tokens",
        "context_window": "0-200k",
        "model": "claude-sonnet-4-20250514",
        "service_tier": "standard",
        "token_type": token_type,
        **more,
    }


ANTHROPIC_COSTS = [
    {
        "data": [
            {
                "starting_at": "2024-11-01T00:00:00Z",
                "ending_at": "2024-11-02T00:00:00Z",
                "results": [
                    _charge("uncached_input_tokens", "123.78912"),
                    _charge("output_tokens", "0.75"),
                    _charge("cache_read_input_tokens", "0.006"),
                    _charge("cache_creation.ephemeral_1h_input_tokens", "0.6"),
                    _charge("cache_creation.ephemeral_5m_input_tokens", "0.1875"),
                    _charge(None, "10", cost_type="web_search", model=None, description="Web Search Usage"),
                ],
            }
        ],
        "has_more": False,
        "next_page": None,
    }
]


def statement() -> Statement:
    return Statement(lambda provider, model: priced_name(provider, model) or model)


def read_openai(monkeypatch: pytest.MonkeyPatch, reports: Reports, key: str = KEY) -> Statement:
    monkeypatch.setenv(openai_reports.KEY_VARIABLE, key)
    monkeypatch.setenv(openai_reports.URL_VARIABLE, reports.url)
    found = statement()
    openai_reports.read(found, FIRST, LAST)
    found.finish()
    return found


def read_anthropic(monkeypatch: pytest.MonkeyPatch, reports: Reports, key: str = KEY) -> Statement:
    monkeypatch.setenv(anthropic_reports.KEY_VARIABLE, key)
    monkeypatch.setenv(anthropic_reports.URL_VARIABLE, reports.url)
    found = statement()
    anthropic_reports.read(found, FIRST, LAST)
    found.finish()
    return found


READERS = pytest.mark.parametrize("read", [read_openai, read_anthropic], ids=["openai", "anthropic"])
Read = Callable[..., Statement]


def test_openais_usage_and_costs_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {"/v1/organization/usage/completions": [*OPENAI_USAGE], "/v1/organization/costs": [*OPENAI_COSTS]}
    with serving(pages) as reports:
        found = read_openai(monkeypatch, reports)
    mini, later = Place(FIRST, "OPENAI", "gpt-4o-mini"), Place(LAST, "OPENAI", "gpt-4o-mini")
    assert dict(found.tokens) == {
        (mini, INPUT): 200,
        (mini, CACHE_READ): 800,
        (mini, OUTPUT): 500,
        (later, INPUT): 7,
        (later, OUTPUT): 3,
    }
    assert found.requests == {mini: 5, later: 1}
    assert dict(found.usd) == {
        **{(mini, kind): Decimal("0.06") for kind in (INPUT, CACHE_READ, OUTPUT)},
        (Place(FIRST, "OPENAI", "Image models"), OTHER): Decimal("0.06"),
    }
    assert found.unit_price(mini, INPUT) == Decimal("0.0003")
    asked = [each for each in reports.asked if each.path == "/v1/organization/usage/completions"]
    assert [each.query.get("page") for each in asked] == [None, ["page_AAAAAGdGxdEiJdKOAAAAAGcqsYA="]]
    for each in reports.asked:
        assert each.headers["authorization"] == f"Bearer {KEY}"
        assert "x-api-key" not in each.headers
        assert (each.query["start_time"], each.query["end_time"]) == (["1730419200"], ["1730592000"])
        assert each.query["bucket_width"] == ["1d"]
        assert each.query["group_by"] == (["line_item"] if each.path.endswith("/costs") else ["model", "batch"])


def test_anthropics_usage_and_costs_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        "/v1/organizations/usage_report/messages": [*ANTHROPIC_USAGE],
        "/v1/organizations/cost_report": [*ANTHROPIC_COSTS],
    }
    with serving(pages) as reports:
        found = read_anthropic(monkeypatch, reports)
    sonnet = Place(
        FIRST, "ANTHROPIC", priced_name("ANTHROPIC", "claude-sonnet-4-20250514") or "claude-sonnet-4-20250514"
    )
    assert dict(found.tokens) == {
        (sonnet, INPUT): 1500,
        (sonnet, CACHE_READ): 200,
        (sonnet, CACHE_WRITE_5M): 500,
        (sonnet, CACHE_WRITE_1H): 1000,
        (sonnet, OUTPUT): 500,
    }
    assert not found.requests
    # Amounts are in cents.
    assert dict(found.usd) == {
        (sonnet, INPUT): Decimal("1.2378912"),
        (sonnet, OUTPUT): Decimal("0.0075"),
        (sonnet, CACHE_READ): Decimal("0.00006"),
        (sonnet, CACHE_WRITE_1H): Decimal("0.006"),
        (sonnet, CACHE_WRITE_5M): Decimal("0.001875"),
        (Place(FIRST, "ANTHROPIC", "Web Search Usage"), OTHER): Decimal("0.1"),
    }
    for each in reports.asked:
        assert each.headers["x-api-key"] == KEY
        assert "authorization" not in each.headers
        assert each.headers["anthropic-version"] == "2023-06-01"
        assert each.query["starting_at"] == ["2024-11-01T00:00:00Z"]
        assert each.query["ending_at"] == ["2024-11-03T00:00:00Z"]
        is_cost = each.path.endswith("cost_report")
        assert each.query["group_by[]"] == (["description"] if is_cost else ["model", "service_tier"])


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ("gpt-4o-2024-08-06, input", INPUT),
        ("gpt-4o-2024-08-06 batch, output", OUTPUT),
        ("gpt-4o-2024-08-06-batch, cached input", CACHE_READ),
        ("gpt-4o-2024-08-06, Cached Input", CACHE_READ),
        ("gpt-4o-2024-08-06, batch input", INPUT),
        ("web search tool calls", OTHER),
    ],
)
def test_line_items_say_model_and_kind(monkeypatch: pytest.MonkeyPatch, item: str, kind: str) -> None:
    bucket = {"start_time": 1730419200, "results": [{"amount": {"value": 1.5}, "line_item": item}]}
    with serving({"/v1/organization/costs": [{"data": [bucket], "has_more": False}]}) as reports:
        found = read_openai(monkeypatch, reports)
    ((place, read),) = found.usd
    assert (place.model, read) == (item if kind == OTHER else "gpt-4o", kind)


# Failures


@READERS
def test_a_key_that_is_refused_is_told_without_the_key(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    body = {"error": {"message": f"Incorrect API key provided: {KEY}"}}
    refused = [(401, body)]
    paths = ("/v1/organization/usage/completions", "/v1/organizations/usage_report/messages")
    with serving(dict.fromkeys(paths, refused)) as reports, pytest.raises(UnauthorizedException) as raised:
        read(monkeypatch, reports)
    assert "need an admin key, in " in str(raised.value)
    assert KEY not in str(raised.value)
    assert KEY not in (raised.value.body or "")
    assert frames_that_show(KEY, raised.value) == []


@READERS
def test_a_missing_key_says_which_variable(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    with serving({}) as reports:
        with pytest.raises(ApiKeyError, match=r"set (OPENAI|ANTHROPIC)_ADMIN_KEY"):
            read(monkeypatch, reports, key=" ")
        assert reports.asked == []


@READERS
def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    reports = Reports({})
    reports.url = "nonsense"
    with pytest.raises(ApiValueError, match=r"^(OPENAI|ANTHROPIC)_ADMIN_BASE_URL: "):
        read(monkeypatch, reports)
    with serving({}) as reports, pytest.raises(ApiKeyError, match=r"^(OPENAI|ANTHROPIC)_ADMIN_KEY: "):
        read(monkeypatch, reports, key="two words")
    assert reports.asked == []


@READERS
def test_the_key_is_not_sent_in_clear_text(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    reports = Reports({})
    reports.url = "http://reports.example"
    with pytest.raises(ApiKeyError, match="clear text") as raised:
        read(monkeypatch, reports)
    assert frames_that_show(KEY, raised.value) == []


@READERS
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, b"<html>"), UnexpectedBodyError),
        ((200, b"[1]"), UnexpectedBodyError),
        ((200, b'{"data": 7}'), UnexpectedBodyError),
        ((200, b'{"data": [7]}'), UnexpectedBodyError),
        ((200, b'{"data": [{"results": {"a": 1}}]}'), UnexpectedBodyError),
        ((200, b'{"data": [{"results": [null]}]}'), UnexpectedBodyError),
        ((200, b'{"data": [{"start_time": "soon", "starting_at": 1e99, "results": [{}]}]}'), ApiValueError),
        ((200, b'{"data": [{"start_time": 1e99, "starting_at": null, "results": [{}]}]}'), ApiValueError),
        ((403, b'{"error": {"message": "Missing scopes: api.usage.read"}}'), ForbiddenException),
        ((500, b"{}"), ServiceException),
        (
            (200, {"data": [{"start_time": 1, "starting_at": "soon", "results": [{"input_tokens": "many"}]}]}),
            ApiValueError,
        ),
    ],
)
def test_what_is_no_report_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, read: Read, answer: Any, error: type[Exception]
) -> None:
    paths = ("/v1/organization/usage/completions", "/v1/organizations/usage_report/messages")
    with serving({path: [answer] for path in paths}) as reports, pytest.raises(error):
        read(monkeypatch, reports)


@READERS
def test_amounts_in_another_currency_are_not_taken_for_us_dollars(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    result = {"amount": {"value": 1, "currency": "eur"}, "line_item": "gpt-4o, input"}
    euros = {"start_time": 1730419200, "results": [result]}
    cents = {"starting_at": "2024-11-01T00:00:00Z", "results": [{"currency": "EUR", "amount": "1"}]}
    pages = {
        "/v1/organization/costs": [{"data": [euros], "has_more": False}],
        "/v1/organizations/cost_report": [{"data": [cents], "has_more": False}],
    }
    with serving(pages) as reports, pytest.raises(ApiValueError, match="only US dollars"):
        read(monkeypatch, reports)


@READERS
def test_values_of_other_kinds_are_taken_for_missing(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    result = {"model": "half \ud800 a character", "cache_creation": 7, "amount": None, "input_tokens": None}
    bucket = {"start_time": 1730419200, "starting_at": "2024-11-01T00:00:00Z", "results": [result]}
    paths = ("/v1/organization/usage/completions", "/v1/organizations/usage_report/messages")
    with serving({path: [{"data": [bucket], "has_more": False}] for path in paths}) as reports:
        found = read(monkeypatch, reports)
    assert not any(found.tokens.values())
    assert all((place.model or "").isprintable() for place in found.requests)


@READERS
def test_nobody_there_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    with serving({}) as reports:
        pass
    with pytest.raises(ApiConnectionError):
        read(monkeypatch, reports)


@READERS
def test_pages_without_end_are_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    monkeypatch.setattr("openmonetize.reconcile.report_client.MAX_PAGES", 3)
    endless = {"data": [], "has_more": True, "next_page": "page_again"}
    paths = ("/v1/organization/usage/completions", "/v1/organizations/usage_report/messages")
    always_new = [{**endless, "next_page": f"page_{number}"} for number in range(9)]
    for pages, asked in (([endless], 2), (always_new, 3), ([{**endless, "next_page": None}], 1)):
        with serving({path: list(pages) for path in paths}) as reports:
            with pytest.raises(UnexpectedBodyError, match="only a part of the report"):
                read(monkeypatch, reports)
            assert len([each for each in reports.asked if each.path in paths]) == asked


# The fake providers serve the same


def test_the_fake_providers_reports_have_what_they_were_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeProviders() as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        for day in (FIRST, LAST):
            moment = f"{day.isoformat()}T12:00:00+00:00"
            counts = {"input_tokens": 1000, "cached_tokens": 600, "output_tokens": 50, "requests": 2}
            for provider, model in (("openai", "gpt-4o"), ("anthropic", "claude-haiku-4-5-20251001")):
                fake.add_usage(provider, model, at=datetime.fromisoformat(moment), **counts)
        found = statement()
        openai_reports.read(found, FIRST, date(2024, 12, 31))  # 61 days: two pages
        anthropic_reports.read(found, date(2024, 9, 1), LAST)
        found.finish()
        for day in (FIRST, LAST):
            gpt, haiku = Place(day, "OPENAI", "gpt-4o"), Place(day, "ANTHROPIC", "claude-4.5-haiku")
            for place in (gpt, haiku):
                assert found.tokens[place, INPUT] == 400
                assert found.tokens[place, CACHE_READ] == 600
                assert found.tokens[place, OUTPUT] == 50
            assert found.requests[gpt] == 2
            assert found.usd[gpt, INPUT] == Decimal("0.001")
            assert found.usd[gpt, CACHE_READ] == Decimal("0.00075")
            assert found.usd[haiku, CACHE_READ] == Decimal("0.00006")
        fake.reset()
        empty = statement()
        openai_reports.read(empty, FIRST, LAST)
        assert not empty.tokens


@pytest.mark.parametrize(
    ("provider", "model", "read"),
    [("openai", "gpt-4o", openai_reports.read), ("anthropic", "claude-haiku-4-5-20251001", anthropic_reports.read)],
)
def test_batches_are_told_apart_and_cost_half(
    monkeypatch: pytest.MonkeyPatch, provider: str, model: str, read: Any
) -> None:
    with FakeProviders() as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        noon = datetime.fromisoformat("2024-11-01T12:00:00+00:00")
        fake.add_usage(provider, model, at=noon, input_tokens=1000, output_tokens=100)
        alone = statement()
        read(alone, FIRST, LAST)
        fake.add_usage(provider, model, at=noon, input_tokens=3000, output_tokens=300, batch=True)
        found = statement()
        read(found, FIRST, LAST)
    for each in (alone, found):
        each.finish()
    (place,) = {place for place, _ in found.tokens}
    assert (found.tokens[place, INPUT], found.batched[place, INPUT]) == (4000, 3000)
    assert (found.tokens[place, OUTPUT], found.batched[place, OUTPUT]) == (400, 300)
    assert found.has_batches(place)
    assert not alone.has_batches(place)
    for kind in (INPUT, OUTPUT):
        # Three times the tokens at half the price. The price outside of batches stays as it is.
        assert found.usd[place, kind] == alone.usd[place, kind] * Decimal("2.5")
        assert found.unit_price(place, kind) == alone.unit_price(place, kind)


def test_the_fake_providers_report_hourly_cache_writes_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeProviders(script=Answer(input_tokens=1000, cache_write_tokens=900, cache_write_1h_tokens=600)) as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        body = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "Hi"}]}
        with urllib3.PoolManager() as pool:
            assert pool.request("POST", f"{fake.anthropic_url}/v1/messages", json=body, retries=False).status == 200
        found = statement()
        today = datetime.now(timezone.utc).date()
        anthropic_reports.read(found, today, today)
    counts = {kind: count for (_, kind), count in found.tokens.items()}
    assert (counts[INPUT], counts[CACHE_WRITE_5M], counts[CACHE_WRITE_1H]) == (100, 300, 600)


def test_the_fake_providers_reports_need_the_admin_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeProviders() as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, "fake-key" if name.endswith("ADMIN_KEY") else value)
        for report in (openai_reports, anthropic_reports):
            with pytest.raises(ApiException, match="admin key"):
                report.read(statement(), FIRST, LAST)


@pytest.mark.parametrize(
    ("query", "status"),
    [("start_time={seconds}", 200), ("end_time={seconds}", 400), ("start_time=soon", 400), ("start_time=1e99", 400)],
)
def test_the_fake_providers_reports_go_on_until_today(query: str, status: int) -> None:
    with FakeProviders() as fake, urllib3.PoolManager() as pool:
        fake.add_usage("openai", "gpt-4o", input_tokens=7)
        asked = query.format(seconds=int(datetime.now(timezone.utc).timestamp()) - 86_400)
        url = f"{fake.urls['openai']}/organization/usage/completions?{asked}"
        found = pool.request("GET", url, headers={"authorization": "Bearer fake-admin-key"}, retries=False)
        assert found.status == status
        if status == 200:
            assert [bucket["results"][0]["input_tokens"] for bucket in found.json()["data"] if bucket["results"]] == [7]
