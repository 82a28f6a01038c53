"""Analytics equal sums over stored events, for any window."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from .client import SandboxClient, event, events
from .test_wire import invalid

NOW = datetime(2026, 6, 15, 12, 30, tzinfo=timezone.utc)
FORBIDDEN = {"error": "Forbidden", "message": "Access denied to this customer"}


def window(start: str, end: str) -> str:
    return f"startDate={start}&endDate={end}"


def test_analytics_without_events(client: SandboxClient) -> None:
    usage = client.get("/v1/analytics/usage").body["data"]
    assert usage == {
        "summary": {
            "totalEvents": 0,
            "totalInputTokens": "0",
            "totalOutputTokens": "0",
            "totalCreditsBurned": "0",
            "totalCostUsd": "0.0000",
        },
        "byFeature": [],
        "byProvider": [],
        "byEventType": [],
        "timeline": [],
    }
    costs = client.get("/v1/analytics/costs").body["data"]
    assert costs == {
        "summary": {
            "totalRevenue": "0.0000",
            "totalProviderCost": "0.0000",
            "totalMargin": "0.0000",
            "marginPercent": 0,
        },
        "byProvider": [],
    }


def test_usage_groups(client: SandboxClient) -> None:
    client.sandbox.set_time(NOW)
    client.ingest(
        event(timestamp="2026-06-10T10:00:00Z", feature_id="b"),
        event(timestamp="2026-06-09T10:00:00Z", feature_id="a", model="gpt-4o-mini"),
        event(timestamp="2026-06-10T23:59:59Z", feature_id="a", provider=None),
        event(
            timestamp="2026-06-12T00:00:00Z",
            feature_id="c",
            event_type="CUSTOM",
            unit_type="p",
            quantity=2,
            model=None,
            input_tokens=None,
        ),
    )
    data = client.get("/v1/analytics/usage").body["data"]
    assert [row["featureId"] for row in data["byFeature"]] == ["a", "b", "c"]  # by the earliest event of each
    assert data["byFeature"][1] == {"featureId": "b", "eventCount": 1, "creditsBurned": "8", "costUsd": "0.0075"}
    assert [(row["model"], row["eventCount"]) for row in data["byProvider"]] == [("gpt-4o-mini", 1), ("gpt-4o", 1)]
    assert [(row["eventType"], row["creditsBurned"]) for row in data["byEventType"]] == [
        ("TOKEN_USAGE", "9"),
        ("CUSTOM", "20"),
    ]
    assert data["timeline"] == [
        {"date": "2026-06-09", "events": 1, "creditsBurned": "1"},
        {"date": "2026-06-10", "events": 2, "creditsBurned": "8"},
        {"date": "2026-06-12", "events": 1, "creditsBurned": "20"},
    ]
    assert data["summary"]["totalEvents"] == 4


def test_any_window_equals_the_sum_over_its_events(client: SandboxClient) -> None:
    rnd = random.Random(4)
    first = datetime(2026, 1, 1, tzinfo=timezone.utc)
    batch: list[dict[str, Any]] = []
    for _ in range(400):
        moment = first + timedelta(milliseconds=rnd.randrange(6 * 86_400_000))
        batch.append(
            event(
                timestamp=moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                feature_id=rnd.choice("abc"),
                model=rnd.choice(["gpt-4o", "gpt-4o-mini", "o3"]),
                input_tokens=rnd.randrange(5000),
            )
        )
    for start in range(0, 400, 130):
        assert client.ingest(*batch[start : start + 130]).status == 202
    stored = client.sandbox.events()
    moments = sorted(item["timestamp"] for item in batch)
    starts = ["2026-01-01T00:00:00Z", "2026-01-02T23:00:00.000Z", "2026-01-03T10:59:59.999Z", moments[7], moments[50]]
    ends = ["2026-01-01T23:59:59.999Z", "2026-01-04T00:00:00Z", "2026-01-05T11:30:00Z", moments[50], moments[399]]
    for start in starts:
        for end in ends:
            found = [row for row in stored if _ms(start) <= _ms(row["timestamp"]) <= _ms(end)]
            data = client.get(f"/v1/analytics/usage?{window(start, end)}").body["data"]
            assert data["summary"] == {
                "totalEvents": len(found),
                "totalInputTokens": str(sum(row["input_tokens"] for row in found)),
                "totalOutputTokens": str(sum(row["output_tokens"] for row in found)),
                "totalCreditsBurned": str(sum(row["credits"] for row in found)),
                "totalCostUsd": _four_decimals(sum((Decimal(row["cost_usd"]) for row in found), Decimal())),
            }
            days = {row["timestamp"][:10] for row in found}
            assert {row["date"] for row in data["timeline"]} == days
            assert sum(row["events"] for row in data["timeline"]) == len(found)


def _four_decimals(usd: Decimal) -> str:
    return str(Decimal(float(usd)).quantize(Decimal("0.0001"), ROUND_HALF_UP))


def _ms(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_ends_are_inclusive_and_windows_may_be_empty(client: SandboxClient) -> None:
    client.ingest(event(timestamp="2026-01-01T00:00:00Z"), event(timestamp="2026-01-02T00:00:00Z"))

    def count(start: str, end: str) -> Any:
        return client.get(f"/v1/analytics/usage?{window(start, end)}").body["data"]["summary"]["totalEvents"]

    assert count("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z") == 2
    assert count("2026-01-01T00:00:00.001Z", "2026-01-01T23:59:59.999Z") == 0
    assert count("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z") == 0
    assert count("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z") == 2


def test_every_window_within_and_around_one_hour(client: SandboxClient) -> None:
    """The sums of an hour may replace its events only in a window that has all of them."""
    moments = [f"2026-01-01T{clock}Z" for clock in ("09:59:59.999", "10:20:00.000", "10:20:00.001", "10:40:00.000")]
    for number in (2, 0, 1, 3):  # each in a batch of its own, with neither the first nor the last of the hour first
        client.ingest(event(timestamp=moments[number], input_tokens=10**number))
    edges = [
        _ms(moment) + timedelta(milliseconds=step)
        for moment in ("2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", *moments)
        for step in (-1, 0, 1)
    ]
    for start in edges:
        for end in edges:
            tokens = sum(10**number for number, moment in enumerate(moments) if start <= _ms(moment) <= end)
            text = (each.isoformat(timespec="milliseconds").replace("+00:00", "Z") for each in (start, end))
            data = client.get(f"/v1/analytics/usage?{window(*text)}").body["data"]
            assert data["summary"]["totalInputTokens"] == str(tokens)


def test_moments_before_1970_and_far_from_now(client: SandboxClient) -> None:
    for moment in ("0001-01-01T00:00:00Z", "1969-12-31T23:30:00Z", "9999-12-31T23:59:59.999Z"):
        assert client.ingest(event(timestamp=moment)).status == 202
    data = client.get(f"/v1/analytics/usage?{window('0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z')}").body["data"]
    assert [row["date"] for row in data["timeline"]] == ["0001-01-01", "1969-12-31", "9999-12-31"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("provider=OPENAI", 2),
        ("provider=ANTHROPIC,OPENAI", 3),
        ("provider=%20ANTHROPIC%20,%20OPENAI", 3),
        ("provider=,", 3),
        ("model=gpt-4o", 1),
        ("featureId=x,y", 1),
        ("provider=OPENAI&model=claude-4.5-haiku", 0),
        ("provider=openai", 0),
        ("groupBy=month", 3),
        ("userId=whatever&start_date=x", 3),
    ],
)
def test_filters(client: SandboxClient, query: str, count: int) -> None:
    client.sandbox.set_time(datetime(2026, 11, 21, tzinfo=timezone.utc))
    client.ingest(event(), event(model="o3", feature_id="x"), event(provider="ANTHROPIC", model="claude-4.5-haiku"))
    assert client.get(f"/v1/analytics/usage?{query}").body["data"]["summary"]["totalEvents"] == count
    costs = client.get(f"/v1/analytics/costs?{query}").body["data"]
    assert len(costs["byProvider"]) == count


@pytest.mark.parametrize(
    ("route", "message"), [("usage", "Failed to fetch usage analytics"), ("costs", "Failed to fetch cost analytics")]
)
@pytest.mark.parametrize("provider", ["openai", "OPENAI,Nobody"])
def test_a_provider_that_the_database_does_not_know(
    faithful: SandboxClient, route: str, message: str, provider: str
) -> None:
    reply = faithful.get(f"/v1/analytics/{route}?provider={provider}")
    assert (reply.status, reply.body) == (500, {"error": "Internal Server Error", "message": message})


def test_margins_are_those_of_doubles(client: SandboxClient) -> None:
    client.sandbox.set_time(NOW)
    client.ingest(event(timestamp="2026-06-10T10:00:00Z", input_tokens=500, output_tokens=500))  # 0.00625 for 0.007
    data = client.get("/v1/analytics/costs").body["data"]
    assert data["summary"] == {
        "totalRevenue": "0.0070",
        "totalProviderCost": "0.0063",
        "totalMargin": "0.0007",  # in decimals it would be 0.00075, and 0.0008
        "marginPercent": 10.71,
    }
    row = data["byProvider"][0]
    assert (row["revenue"], row["providerCost"], row["margin"]) == ("0.0070", "0.0063", "0.0007")
    assert client.get("/v1/analytics/usage").body["data"]["summary"]["totalCostUsd"] == "0.0063"


def test_costs(client: SandboxClient) -> None:
    client.sandbox.set_time(NOW)
    client.ingest(*events(3, timestamp="2026-06-10T10:00:00Z"))
    data = client.get("/v1/analytics/costs").body["data"]
    assert data["summary"] == {
        "totalRevenue": "0.0240",
        "totalProviderCost": "0.0225",
        "totalMargin": "0.0015",
        "marginPercent": 6.25,  # of the revenue
    }
    assert data["byProvider"] == [
        {
            "provider": "OPENAI",
            "model": "gpt-4o",
            "providerCost": "0.0225",
            "revenue": "0.0240",
            "margin": "0.0015",
        }
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("startDate=2026-01-01", "querystring/startDate Invalid ISO datetime"),
        ("startDate=2026-01-01T00:00:00%2B00:00", "querystring/startDate Invalid ISO datetime"),
        ("startDate=", "querystring/startDate Invalid ISO datetime"),
        ("customerId=", "querystring/customerId Too small: expected string to have >=1 characters"),
        ("groupBy=year", 'querystring/groupBy Invalid option: expected one of "day"|"week"|"month"'),
    ],
)
def test_invalid_queries_are_refused(client: SandboxClient, query: str, message: str) -> None:
    assert client.get(f"/v1/analytics/usage?{query}", key=None).body == invalid(message)


def test_another_customers_analytics_are_forbidden(client: SandboxClient) -> None:
    other = client.other_customer()
    client.ingest(event())
    for path in ("usage", "costs", "burn-rate"):
        reply = other.get(f"/v1/analytics/{path}?customerId={client.customer_id}")
        assert (reply.status, reply.body) == (403, FORBIDDEN)
        assert client.get(f"/v1/analytics/{path}?customerId={client.customer_id}").status == 200
    wide = window("2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z")
    assert other.get(f"/v1/analytics/usage?{wide}").body["data"]["summary"]["totalEvents"] == 0


def test_burn_rate(client: SandboxClient, faithful: SandboxClient) -> None:
    for each, sign in ((client, 1), (faithful, -1)):
        each.sandbox.set_time(NOW - timedelta(days=20))
        each.grant(1000, "anna")
        each.ingest(event(user_id="anna", input_tokens=80_000, output_tokens=None))  # 200 credits
        each.sandbox.set_time(NOW)
        each.ingest(*events(10, user_id="anna"))
        data = each.get("/v1/analytics/burn-rate?userId=anna").body["data"]
        assert data["currentBalance"] == "720"
        assert data["last7Days"] == {"creditsBurned": str(80 * sign), "averagePerDay": f"{80 * sign / 7:.2f}"}
        assert data["last30Days"] == {"creditsBurned": str(280 * sign), "averagePerDay": f"{280 * sign / 30:.2f}"}
        runout = data["projectedRunout"]
        assert runout["daysRemaining"] == (63 if sign == 1 else None)
        assert (runout["estimatedRunoutDate"] is None) == (sign == -1)
        assert each.get("/v1/analytics/burn-rate?userId=nobody").status == 404
        assert each.get("/v1/analytics/burn-rate").body["data"]["last7Days"]["creditsBurned"] in ("0", "-0")


def test_seven_days_of_burning_end_to_the_second(client: SandboxClient) -> None:
    start = NOW.replace(minute=30)
    client.grant(1000, "anna")
    for minutes in (0, 10, 45):  # in one hour and in the next
        client.sandbox.set_time(start + timedelta(minutes=minutes))
        client.ingest(event(user_id="anna"))
    for later, burned in (
        (timedelta(minutes=50), 24),
        (timedelta(days=7, seconds=-5), 24),
        (timedelta(days=7, minutes=5), 16),
        (timedelta(days=7, minutes=40), 8),
        (timedelta(days=7, minutes=46), 0),
    ):
        client.sandbox.set_time(start + later)
        data = client.get("/v1/analytics/burn-rate?userId=anna").body["data"]
        assert data["last7Days"]["creditsBurned"] == str(burned)


@pytest.mark.parametrize(("granted", "kinds"), [(130, ["urgent"]), (200, ["warning"]), (5000, [])])
def test_recommendations(client: SandboxClient, granted: int, kinds: list[str]) -> None:
    client.sandbox.set_time(NOW)
    client.grant(granted, "anna")
    client.ingest(*events(10, user_id="anna"))
    data = client.get("/v1/analytics/burn-rate?userId=anna").body["data"]
    assert [row["type"] for row in data["recommendations"]] == [*kinds, "alert"]


def test_a_model_name_with_colons(client: SandboxClient, faithful: SandboxClient) -> None:
    for each, name in ((client, "ft:gpt-4o:org"), (faithful, "ft")):
        each.ingest(event(model="ft:gpt-4o:org", timestamp="2026-06-01T00:00:00Z"))
        data = each.get(f"/v1/analytics/usage?{window('2026-05-01T00:00:00Z', '2026-07-01T00:00:00Z')}").body["data"]
        assert data["byProvider"][0]["model"] == name


def test_an_unknown_provider_breaks_the_present_servers(faithful: SandboxClient) -> None:
    assert faithful.get("/v1/analytics/usage?provider=openai").status == 500


# --- the rating engine's analytics ----------------------------------------------------------------------------------


def test_cost_breakdown_and_trends(client: SandboxClient) -> None:
    client.sandbox.set_time(NOW)
    client.ingest(
        event(timestamp="2026-06-01T10:00:00Z"),  # a Monday
        event(timestamp="2026-06-07T10:00:00Z", model="gpt-4o-mini"),  # a Sunday
        event(timestamp="2026-06-08T10:00:00Z", provider=None, model=None),
    )
    body = client.get("/v1/analytics/cost-breakdown").body
    assert [(row["provider"], row["model"]) for row in body["data"]] == [
        ("OPENAI", "gpt-4o"),
        ("OPENAI", "gpt-4o-mini"),
        ("unknown", "unknown"),
    ]
    assert body["totals"] == {
        "totalInputTokens": 3000,
        "totalOutputTokens": 1500,
        "totalCreditsBurned": 9,
        "totalCostUsd": 0.00795,
        "totalEvents": 3,
    }
    assert body["period"]["days"] == 30

    def periods(group_by: str) -> list[str]:
        return [row["period"] for row in client.get(f"/v1/analytics/usage-trends?groupBy={group_by}").body["data"]]

    assert periods("day") == ["2026-06-01", "2026-06-07", "2026-06-08"]
    assert periods("week") == ["2026-05-31", "2026-06-07"]
    assert periods("month") == ["2026-06"]
    assert client.get("/v1/analytics/usage-trends").body["period"]["groupBy"] == "day"


def test_burn_forecast(client: SandboxClient) -> None:
    client.sandbox.set_time(NOW)
    empty = client.get("/v1/analytics/burn-forecast").body
    assert (empty["forecast"], empty["averageDailyBurn"]) == ([], 0)
    assert "message" in empty
    client.ingest(*events(10, timestamp="2026-06-14T00:00:00Z"))
    body = client.get("/v1/analytics/burn-forecast?days=3").body
    assert (body["currentBalance"], body["averageDailyBurn"]) == (9920, 3)  # 80 / 30, rounded up
    assert body["forecast"] == [
        {"date": "2026-06-16", "predictedBurn": 3, "cumulativeBurn": 3},
        {"date": "2026-06-17", "predictedBurn": 3, "cumulativeBurn": 6},
        {"date": "2026-06-18", "predictedBurn": 3, "cumulativeBurn": 9},
    ]
    assert body["projections"] == {"balanceAfterPeriod": 9911, "daysUntilDepleted": 3306, "willDeplete": False}
    assert len(client.get("/v1/analytics/burn-forecast?days=500").body["forecast"]) == 90
    assert len(client.get("/v1/analytics/burn-forecast").body["forecast"]) == 30
    for days in ("0", "-1", "1.5", "x", ""):
        assert client.get(f"/v1/analytics/burn-forecast?days={days}").status == 400


def test_summary(client: SandboxClient) -> None:
    client.sandbox.set_time(NOW)
    client.ingest(*events(12, timestamp="2026-06-14T00:00:00Z"))
    body = client.get("/v1/analytics/summary").body
    assert body["creditBalance"] == {"available": 10_000 - 96, "reserved": 0}
    assert body["lifetime"] == {"totalEvents": 12, "totalTransactions": 13}
    assert body["last30Days"]["totalCreditsBurned"] == 96
    assert len(body["recentActivity"]) == 10
    assert body["recentActivity"][0] == {
        "timestamp": "2026-06-14T00:00:00.000Z",
        "provider": "OPENAI",
        "model": "gpt-4o",
        "creditsBurned": 8,
        "costUsd": 0.0075,
    }
