"""Answers without a field that the client needs: an error that names the field, never an AttributeError."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from openmonetize import ApiClient, ApiException, Configuration, CustomersApi, OpenMonetize, UnexpectedBodyError
from openmonetize._http.decoding import required

from .canned import Canned, CannedReply
from .conftest import Open

EMPTY = [{}, {"data": {}}, {"data": None}, {"data": {"id": None}}]


@pytest.mark.parametrize("body", EMPTY, ids=str)
@pytest.mark.parametrize(
    "ask",
    [
        lambda om: om.customer_id,
        lambda om: om.proxy_config("openai", user_id="acme_user_1", feature_id="f"),
    ],
    ids=["customer_id", "proxy_config"],
)
def test_a_customer_without_an_id_is_an_api_exception(
    body: Any, ask: Callable[[OpenMonetize], object], canned: Canned, opened: Open
) -> None:
    canned.reply = CannedReply(body=body, headers={"X-Request-Id": "req_7", "X-Echo": "om_live_secret"})
    om = opened(canned, "om_live_secret")
    with pytest.raises(ApiException) as caught:
        ask(om)
    error = caught.value
    assert type(error) is UnexpectedBodyError
    assert error.status == 200
    assert error.reason is not None
    assert error.reason.endswith("bytes) has no data.id")
    assert error.body is not None
    assert error.request_id == "req_7"
    assert error.headers["x-echo"] == "***"


@pytest.mark.parametrize("body", [{}, {"results": []}, {"results": None}], ids=str)
def test_a_price_that_is_missing_is_an_api_exception(body: Any, canned: Canned, opened: Open) -> None:
    mismatch = CannedReply(500, {"error": "Internal Server Error", "message": "Response doesn't match the schema"})
    canned.replies.extend([mismatch, CannedReply(body=body)])
    with pytest.raises(UnexpectedBodyError, match=r"has no results\.0"):
        opened(canned).rating.calculate(provider="OPENAI", model="gpt-4o", input_tokens=1)


def test_prices_in_bulk_may_be_missing(canned: Canned, opened: Open) -> None:
    canned.reply = CannedReply(body={})
    uses = [{"provider": "OPENAI", "model": "gpt-4o", "input_tokens": 1, "output_tokens": 1}]
    answer = opened(canned).rating.calculate_bulk(calculations=uses)
    assert answer.results is None


@pytest.mark.parametrize("body", EMPTY, ids=str)
def test_fields_that_nothing_depends_on_are_none(body: Any, canned: Canned, opened: Open) -> None:
    canned.reply = CannedReply(body=body)
    om = opened(canned)
    balance = om.credits.balance().data
    assert balance is None or balance.balance is None
    assert om.analytics.burn_rate().to_dict().get("data") in (None, {}, {"id": None})


def test_a_field_is_found_by_its_names_in_python(canned: Canned) -> None:
    canned.reply = CannedReply(
        body={"data": {"createdAt": "2026-11-02T08:15:30.000Z", "more": [{"a": 1}, {"a": None}]}}
    )
    with ApiClient(Configuration(canned.url, {"bearerAuth": "om_live_test"})) as client:
        response = CustomersApi(client).v1_customers_me_get_with_http_info()
    assert required(response, "data.created_at").year == 2026
    assert required(response, "data.more.0") == {"a": 1}
    for path in ("data.name", "data.more.2", "data.name.first", "nothing"):
        with pytest.raises(UnexpectedBodyError, match=f"has no {path} - "):
            required(response, path)
