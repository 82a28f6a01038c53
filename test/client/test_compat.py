"""The rules of `openmonetize.compat`: the same answer from every deployment."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from decimal import Decimal
from typing import Any

import pytest

from openmonetize import (
    ApiValueError,
    BadRequestException,
    CreditsApi,
    ForbiddenException,
    NotFoundException,
    ServiceException,
)
from openmonetize.compat import RULES, NotServedError
from openmonetize.sandbox import Sandbox

from .canned import Canned, CannedReply
from .conftest import USER, Open, Start, accepted, targets

PURCHASE = {"user_id": USER, "amount": 1, "purchase_price": 1}
SEED_USER = "0a4f5f0e-6d0c-4c1e-9f4b-1f2a3b4c5d6e"
MISSING_ROUTE = CannedReply(404, {"statusCode": 404, "error": "Not Found", "message": "Route GET:/v1/x not found"})


def test_a_users_balance_is_found_under_the_path_of_either_era(sandbox: Sandbox, seed: Sandbox, opened: Open) -> None:
    for server, user in ((sandbox, USER), (seed, SEED_USER)):
        om = opened(server)
        om.credits.grant(user_id=user, amount=500)
        assert om.credits.user_balance(user).data.balance == 500
        assert [row.amount for row in om.credits.transactions(user).data] == [500]


def test_the_path_that_works_is_remembered(seed: Sandbox, opened: Open) -> None:
    om = opened(seed)
    with pytest.raises(NotFoundException, match="Credit wallet not found"):
        om.credits.user_balance(SEED_USER)
    before = len(seed.requests)
    with pytest.raises(NotFoundException):
        om.credits.user_balance(SEED_USER)
    assert len(seed.requests) == before + 1


def test_a_server_that_moves_to_the_present_era_is_followed(canned: Canned, opened: Open) -> None:
    om = opened(canned, customer_id="acme")
    balance = CannedReply(body={"data": {"balance": 7}})
    canned.replies.extend([MISSING_ROUTE, balance, balance, MISSING_ROUTE, balance, balance])
    for _ in range(4):
        assert om.credits.user_balance("u1").data.balance == 7
    present, seed = "/v1/users/u1/credits", "/v1/customers/acme/users/u1/credits"
    assert [asked.target for asked in canned.asked] == [present, seed, seed, seed, present, present]


def test_a_missing_wallet_is_not_a_missing_route(sandbox: Sandbox, opened: Open) -> None:
    with pytest.raises(NotFoundException, match="Credit wallet not found") as caught:
        opened(sandbox).credits.user_balance(USER)
    assert not isinstance(caught.value, NotServedError)
    assert len(sandbox.requests) == 1


def test_entitlements_are_listed_under_the_path_of_either_era(sandbox: Sandbox, seed: Sandbox, opened: Open) -> None:
    for server in (sandbox, seed):
        rows = opened(server).entitlements.list().data
        assert {row.feature_id for row in rows} == {"ai-text-generation", "ai-image-generation"}


def test_the_customer_id_is_sent_in_bodies_that_need_it_and_asked_for_once(seed: Sandbox, opened: Open) -> None:
    om = opened(seed)
    om.credits.grant(user_id=SEED_USER, amount=1)
    om.credits.purchase(user_id=SEED_USER, amount=1, purchase_price=1)
    om.entitlements.check(user_id=SEED_USER, feature_id="chat", action={"type": "api_call"})
    om.rating.calculate(provider="OPENAI", model="gpt-4o", input_tokens=1, output_tokens=1)
    assert targets(seed) == [
        "POST /v1/credits/grant 400",
        "GET /v1/customers/me 200",
        "POST /v1/credits/grant 200",
        "POST /v1/credits/purchase 200",
        "POST /v1/entitlements/check 200",
        "POST /v1/rating/calculate 200",
    ]


def test_no_customer_id_is_asked_for_if_none_is_needed(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    om.credits.grant(user_id=USER, amount=1)
    om.analytics.usage()
    assert targets(sandbox) == ["POST /v1/credits/grant 200", "GET /v1/analytics/usage 200"]


def test_a_named_customer_is_sent_from_the_start(seed: Sandbox, opened: Open) -> None:
    customer = opened(seed).customer_id
    om = opened(seed, customer_id=customer)
    before = len(seed.requests)
    om.credits.grant(user_id=SEED_USER, amount=1)
    om.analytics.usage()
    assert len(seed.requests) == before + 2


def test_the_customer_belongs_to_the_key_of_the_call(seed: Sandbox, opened: Open) -> None:
    om = opened(seed)
    registered = om.customers.register(name="Other", email=f"{uuid.uuid4().hex}@example.com").data
    om.credits.grant(user_id=SEED_USER, amount=1)
    om.credits.grant(amount=5, _request_auth=registered.api_key)
    assert seed.balance(customer_id=registered.customer_id) == 5


def test_analytics_send_the_customer_id_if_the_server_requires_it(seed: Sandbox, opened: Open) -> None:
    om = opened(seed)
    assert om.analytics.usage().data.summary.total_events == 0
    assert om.analytics.costs().data.summary.total_revenue == 0
    assert targets(seed) == [
        "GET /v1/analytics/usage 403",
        "GET /v1/customers/me 200",
        f"GET /v1/analytics/usage?customerId={om.customer_id} 200",
        f"GET /v1/analytics/costs?customerId={om.customer_id} 200",
    ]


def test_another_customer_is_still_forbidden(sandbox: Sandbox, opened: Open) -> None:
    with pytest.raises(ForbiddenException):
        opened(sandbox).analytics.usage(customer_id=str(uuid.uuid4()))


def test_events_have_the_customer_id_if_the_server_requires_it(seed: Sandbox, opened: Open) -> None:
    om = opened(seed)
    for number in range(1, 4):
        om.track_token_usage(
            provider="openai",
            model="gpt-4o",
            input_tokens=number,
            user_id=SEED_USER,
            feature_id="größe",
            metadata={"customer_id": "of the user's own"},
        )
        assert accepted(om) == number
    assert [event["feature_id"] for event in seed.events(customer_id=om.customer_id)] == ["größe"] * 3
    assert targets(seed).count("POST /v1/events/ingest 400") == 1


def test_ids_need_not_be_uuids(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    user = "team/42 ü@example.com"
    om.credits.grant(user_id=user, amount=3)
    assert om.credits.user_balance(user).data.balance == 3


def test_a_user_id_too_long_for_a_path_is_refused_before_it_is_sent(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    for ask in (om.credits.user_balance, om.credits.transactions):
        with pytest.raises(ApiValueError, match="101 characters"):
            ask("u" * 101)
    assert sandbox.requests == []


def test_a_missing_customer_wallet_is_a_balance_of_zero(start: Start, opened: Open) -> None:
    for era in ("current", "seed"):
        server = start(era=era)
        om = opened(server)
        key = om.customers.register(name="Poor", email=f"{uuid.uuid4().hex}@example.com").data.api_key
        data = om.credits.balance(_request_auth=key).data
        assert (data.balance, data.available_balance, data.currency) == (0, 0, "credits")


def test_balances_are_in_credits_for_any_currency_of_the_answer(canned: Canned, opened: Open) -> None:
    canned.reply = CannedReply(body={"data": {"balance": "5", "reservedBalance": "0", "currency": "USD"}})
    data = opened(canned).credits.balance().data
    assert (data.balance, data.currency) == (5, "credits")


def test_every_grant_has_a_key_of_its_own_that_retries_keep(canned: Canned, opened: Open) -> None:
    canned.replies.extend([CannedReply(503, headers={"Retry-After": "0"}), CannedReply(body={"data": {}})])
    canned.reply = CannedReply(body={"data": {}})
    om = opened(canned)
    om.credits.grant(user_id=USER, amount=5)
    om.credits.grant(user_id=USER, amount=5)
    om.credits.grant(user_id=USER, amount=5, idempotency_key="mine")
    first, again, second, given = [asked.body["idempotencyKey"] for asked in canned.asked]
    assert uuid.UUID(first).version == 4
    assert first == again
    assert len({first, second, given}) == 3
    assert given == "mine"


def test_one_wallet_is_credited_one_grant_at_a_time(canned: Canned, opened: Open) -> None:
    om = opened(canned)
    canned.reply = CannedReply(body={"data": {}})
    canned.hold.clear()
    threads = [threading.Thread(target=om.credits.grant, kwargs={"user_id": USER, "amount": 1}) for _ in range(4)]
    threads.append(threading.Thread(target=om.credits.purchase, kwargs=PURCHASE))
    for thread in threads:
        thread.start()
    # Two wallets may share a lock by chance, but hardly all of these do.
    others = [
        threading.Thread(target=om.credits.grant, kwargs={"user_id": f"acme-corp-other-{number}", "amount": 1})
        for number in range(4)
    ]
    for thread in others:
        thread.start()
    while not any(asked.body["userId"] != USER for asked in canned.asked):
        threading.Event().wait(0.002)
    assert sum(asked.body["userId"] == USER for asked in canned.asked) <= 1
    canned.hold.set()
    for thread in [*threads, *others]:
        thread.join()
    assert len(canned.asked) == 9


def test_transactions_are_paged_locally_if_the_server_refuses_to(
    faithful: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    om = opened(faithful)
    for amount in range(1, 8):
        om.credits.grant(user_id=USER, amount=amount)
    page = om.credits.transactions(USER, limit=2, offset=3)
    assert [row.amount for row in page.data] == [4, 3]
    assert (page.pagination.limit, page.pagination.offset, page.pagination.total) == (2, 3, 7)
    assert om.credits.transactions(USER, offset=7).data == []
    assert sum("cut here" in record.message for record in caplog.records) == 1


def test_a_page_that_the_server_cannot_show_is_an_error_and_not_an_empty_page(faithful: Sandbox, opened: Open) -> None:
    om = opened(faithful)
    for _ in range(52):
        om.credits.grant(user_id=USER, amount=1)
    assert len(om.credits.transactions(USER, limit=10, offset=45).data) == 5
    with pytest.raises(NotServedError, match="newest 50 of 52"):
        om.credits.transactions(USER, limit=10, offset=50)


def test_a_bad_request_for_another_reason_is_raised(canned: Canned, opened: Open) -> None:
    canned.reply = CannedReply(400, {"error": "Bad Request", "message": "body/amount nonsense"})
    om = opened(canned)
    with pytest.raises(BadRequestException):
        om.credits.transactions(USER, limit=1)
    with pytest.raises(BadRequestException):
        om.credits.grant(user_id=USER, amount=1)
    assert len(canned.asked) == 2


@pytest.mark.parametrize("mode", ["contract", "faithful"])
@pytest.mark.parametrize("era", ["current", "seed"])
def test_a_price_has_cost_and_credits_in_every_shape(start: Start, opened: Open, era: str, mode: str) -> None:
    om = opened(start(era=era, mode=mode))
    price = om.rating.calculate(provider="OPENAI", model="gpt-4o", input_tokens=1000, output_tokens=500)
    assert price.cost == price.provider_cost_usd == Decimal("0.0075")
    assert (price.currency, price.credits) == ("USD", 1)
    use = {"provider": "OPENAI", "model": "gpt-4o", "inputTokens": 1000, "outputTokens": 500}
    assert om.rating.calculate_bulk(calculations=[use, use]).results[1].cost == Decimal("0.0075")


def test_a_price_that_no_route_knows_is_still_an_error(canned: Canned, opened: Open) -> None:
    message = {"error": "Internal Server Error", "message": "Response doesn't match the schema"}
    canned.reply = CannedReply(500, message)
    om = opened(canned)
    with pytest.raises(ServiceException):
        om.rating.calculate(provider="OPENAI", model="dall-e-3", type="image", count=1)
    assert [asked.target for asked in canned.asked] == ["/v1/rating/calculate", "/v1/rating/pricing"]


def test_a_route_that_is_not_served_is_a_not_served_error(faithful: Sandbox, opened: Open) -> None:
    om = opened(faithful)
    for ask in (om.burn_tables.list, om.burn_tables.active, om.analytics.summary, om.analytics.usage_trends):
        with pytest.raises(NotServedError, match="is not served by this deployment") as caught:
            ask()
        assert isinstance(caught.value, NotFoundException)
        assert caught.value.status == 404
    with pytest.raises(NotServedError, match="/v1/demo/generate"):
        om.demo.generate(prompt="Hello")


@pytest.mark.parametrize("mode", ["contract", "faithful"])
@pytest.mark.parametrize("era", ["current", "seed"])
def test_burn_rates_are_positive_and_have_a_run_out(start: Start, opened: Open, era: str, mode: str) -> None:
    defects = {"negative-burn-rate"} if mode == "faithful" else None
    server = start(era=era, mode=mode, defects=defects)
    om = opened(server)
    om.credits.grant(user_id=SEED_USER, amount=1000)
    never = om.analytics.burn_rate(user_id=SEED_USER).data
    assert (never.projected_runout.days_remaining, never.projected_runout.estimated_runout_date) == (None, None)
    for _ in range(10):
        om.track_token_usage(
            provider="openai", model="gpt-4o", input_tokens=20_000, user_id=SEED_USER, feature_id="chat"
        )
    assert accepted(om) == 10
    data = om.analytics.burn_rate(user_id=SEED_USER).data
    assert (data.current_balance, data.last7_days.credits_burned, data.last30_days.credits_burned) == (500, 500, 500)
    assert data.last7_days.average_per_day == Decimal("71.43")
    assert data.projected_runout.days_remaining == 7
    assert data.projected_runout.estimated_runout_date is not None
    assert [advice.type for advice in data.recommendations] == ["warning", "alert"]


def test_an_idle_week_raises_no_alarm(canned: Canned, opened: Open) -> None:
    canned.reply = CannedReply(
        body={
            "data": {
                "currentBalance": "100",
                "last7Days": {"creditsBurned": "0", "averagePerDay": "0.00"},
                "last30Days": {"creditsBurned": "-90", "averagePerDay": "-3.00"},
                "projectedRunout": {"daysRemaining": None, "estimatedRunoutDate": None},
                "recommendations": [{"type": "alert", "message": "?", "action": "review_usage"}],
            }
        }
    )
    data = opened(canned).analytics.burn_rate().data
    assert data.recommendations == []
    assert data.projected_runout.days_remaining is None
    assert data.last30_days.average_per_day == 3


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("burned", ["-90", "0", None])
@pytest.mark.parametrize("average", ["-3.00", "0.00", None])
def test_burn_rates_are_written_without_a_warning(
    canned: Canned, opened: Open, burned: str | None, average: str | None
) -> None:
    window = {"creditsBurned": burned, "averagePerDay": average}
    runout = {"daysRemaining": None, "estimatedRunoutDate": None}
    data = {"currentBalance": "100", "last7Days": window, "last30Days": window, "projectedRunout": runout}
    canned.reply = CannedReply(body={"data": data})
    answer = opened(canned).analytics.burn_rate()
    written = answer.to_dict()
    assert isinstance(answer.data.last7_days.average_per_day, Decimal)
    assert type(answer).from_dict(written).to_dict() == written
    assert json.loads(answer.to_json()) == json.loads(type(answer).from_json(answer.to_json()).to_json())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mode", ["contract", "faithful"])
def test_every_answer_that_rules_change_is_written_without_a_warning(start: Start, opened: Open, mode: str) -> None:
    om = opened(start(mode=mode, prices="all"))
    user = "acme-corp-user-000001"
    om.credits.grant(user_id=user, amount=1000)
    om.track_token_usage(provider="openai", model="gpt-4o", input_tokens=20_000, user_id=user, feature_id="chat")
    assert accepted(om) == 1
    made = om.entitlements.create(feature_id="chat", limit_type="HARD", limit_value=0)
    assert made.data is not None and made.data.id is not None
    answers: list[Any] = [
        made,
        om.entitlements.update(made.data.id, limit_value=0),
        om.entitlements.list(),
        om.credits.balance(),
        om.credits.user_balance(user),
        om.credits.transactions(user, limit=1),
        om.analytics.burn_rate(user_id=user),
        om.analytics.burn_rate(),
        om.rating.calculate(provider="OPENAI", model="gpt-4o", input_tokens=1000, output_tokens=500),
        om.rating.calculate(provider="OPENAI", model="dall-e-3", type="image", count=3),
    ]
    for answer in answers:
        assert answer.to_dict()
        assert answer.to_json()


def test_video_checks_fall_back_to_custom_ones(seed: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    om = opened(seed)
    om.entitlements.create(feature_id="video", limit_type="HARD", limit_value=100)
    om.credits.grant(user_id=SEED_USER, amount=10)
    asked: Any = {"type": "video_generation", "estimated_duration_seconds": 5}
    with caplog.at_level(logging.WARNING):
        answer = om.entitlements.check(user_id=SEED_USER, feature_id="video", action=asked)
    assert answer.allowed
    assert "cannot price video" in caplog.text


def test_a_new_entitlement_never_sends_a_null_limit(canned: Canned, opened: Open) -> None:
    canned.reply = CannedReply(201, {"data": {"id": "e", "featureId": "chat", "limitType": "NONE", "limitValue": None}})
    opened(canned).entitlements.create(feature_id="chat", limit_type="NONE", limit_value=None, period=None)
    assert canned.asked[0].body == {"featureId": "chat", "limitType": "NONE"}


def test_a_limit_of_zero_is_zero(faithful: Sandbox, opened: Open) -> None:
    om = opened(faithful)
    made = om.entitlements.create(feature_id="blocked", limit_type="HARD", limit_value=0).data
    assert made.limit_value == 0
    assert om.entitlements.update(made.id, limit_value=0).data.limit_value == 0
    assert om.entitlements.update(made.id, limit_value=None).data.limit_value is None


@pytest.mark.parametrize("listed", ["faithful", "seed"])
def test_a_list_of_entitlements_warns_that_a_limit_of_zero_looks_like_none(
    request: pytest.FixtureRequest, opened: Open, caplog: pytest.LogCaptureFixture, listed: str
) -> None:
    om = opened(request.getfixturevalue(listed))
    om.entitlements.create(feature_id="free", limit_type="NONE")
    om.entitlements.create(feature_id="chat", limit_type="HARD", limit_value=5)
    om.entitlements.list()
    assert "told apart" not in caplog.text
    om.entitlements.create(feature_id="blocked", limit_type="HARD", limit_value=0)
    for _ in range(2):
        assert om.entitlements.list().data
    zero_is_shown = any(row.limit_value == 0 for row in om.entitlements.list().data or [])
    assert caplog.text.count("told apart") == (0 if zero_is_shown else 1)


@pytest.mark.parametrize("mode", ["contract", "faithful"])
@pytest.mark.parametrize(
    ("use", "cost", "credits"),
    [
        ({"provider": "OPENAI", "model": "dall-e-3", "type": "image", "count": 3}, "0.12", 120),
        ({"provider": "OPENAI", "model": "dall-e-3", "type": "image"}, "0.04", 40),
        ({"provider": "GOOGLE", "model": "veo-3-fast", "type": "video", "count": 7}, "0.7", 701),
    ],
)
def test_images_and_videos_are_calculated_too(
    start: Start, opened: Open, mode: str, use: Any, cost: str, credits: int
) -> None:
    price = opened(start(mode=mode, prices="all")).rating.calculate(**use)
    assert (round(price.cost, 10), price.credits, price.currency) == (Decimal(cost), credits, "USD")
    assert price.provider_cost_usd == price.cost


def test_an_image_that_the_list_does_not_have_is_refused_in_words(canned: Canned, opened: Open) -> None:
    failed = {"statusCode": 500, "error": "Internal Server Error", "message": "Response doesn't match the schema"}
    row = {"provider": "OPENAI", "model": "gpt-4o", "pricing": {"image": None}}
    canned.replies.extend([CannedReply(500, failed), CannedReply(body={"data": [row, {}], "total": 2})])
    with pytest.raises(NotServedError, match="its price list has no image of OPENAI dall-e-3"):
        opened(canned).rating.calculate(provider="OPENAI", model="dall-e-3", type="image")


def test_the_generated_path_has_no_rules(faithful: Sandbox, opened: Open) -> None:
    from openmonetize import ApiClient

    raw = CreditsApi(ApiClient(opened(faithful).configuration))
    with pytest.raises(BadRequestException):
        raw.transactions(USER, limit=1)


def test_every_rule_is_for_an_operation_that_exists() -> None:
    import importlib

    from openmonetize._http.operation import Operation

    known = set()
    for name in ("analytics", "burn_tables", "credits", "customers", "entitlements", "events", "rating", "users"):
        module = importlib.import_module(f"openmonetize.api.{name}_api")
        found = [value for value in vars(module).values() if isinstance(value, Operation)]
        known.update(f"{operation.method} {operation.path}" for operation in found)
    assert set(RULES) <= known
