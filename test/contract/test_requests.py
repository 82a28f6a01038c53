"""Request bodies are written strictly: unknown fields and values out of range raise at the caller's line, None is not
sent, and all ways of building a body apply the same checks.
"""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

import openmonetize
from openmonetize import (
    UNSET,
    ApiAttributeError,
    ApiClient,
    ApiTypeError,
    ApiValueError,
    CreditsApi,
    EntitlementsApi,
    V1CreditsGrantPostRequest,
    V1CreditsPurchasePostRequest,
    V1EntitlementsCheckPostRequest,
    V1EntitlementsIdPutRequest,
    V1EntitlementsPostRequest,
)
from openmonetize._schema.model import RequestModel

from .contract import requests, schemas
from .echo import Echo
from .fields import fields, objects, put
from .test_answers import model, text

REQUESTS = sorted(requests() - {"V1EventsIngestPostRequest"})
each = pytest.mark.parametrize("name", REQUESTS)


@each
def test_the_full_example_comes_back_to_the_byte(name: str) -> None:
    example = schemas()[name]["example"]
    read = model(name).from_json(text(example))
    assert isinstance(read, RequestModel)
    assert json.loads(read.to_wire()) == example
    for twin in (
        model(name).from_dict(example),
        model(name)(**example),
        model(name).from_dict(read.to_dict()),
        model(name).from_json(read.to_json()),
        copy.deepcopy(read),
        pickle.loads(pickle.dumps(read)),
    ):
        assert twin == read
        assert twin.to_wire() == read.to_wire()


@each
def test_fields_go_by_their_names_in_python(name: str) -> None:
    example = schemas()[name]["example"]
    names = {of.alias or field: field for field, of in model(name).model_fields.items()}
    assert all(field == field.lower() for field in names.values())
    built = model(name)(**{names[wire]: value for wire, value in example.items()})
    assert json.loads(built.to_json()) == example


@each
def test_an_unknown_field_is_refused_with_a_suggestion(name: str) -> None:
    example = schemas()[name]["example"]
    for field in objects(name):
        known = next(iter(field.schema["properties"]))
        for wrong in (known + "x", known.upper()):
            changed = put({"": example}, ("", *field.place), {**field.value, wrong: 1})[""]
            for build in (model(name).from_dict, lambda given: model(name).from_json(text(given))):
                with pytest.raises(ApiValueError, match=rf"unknown field '.*{wrong}': did you mean '\w+'\?"):
                    build(changed)
    with pytest.raises(ApiValueError, match=f"^{model(name).__name__}: .*unknown field 'zzz'$"):
        model(name)(**example, zzz=1)


@each
def test_a_missing_required_field_is_refused(name: str) -> None:
    example = schemas()[name]["example"]
    for required in schemas()[name].get("required", ()):
        rest = {wire: value for wire, value in example.items() if wire != required}
        for given in (rest, {**rest, required: None}):
            with pytest.raises(ApiValueError, match="is missing"):
                model(name).from_dict(given)
            with pytest.raises(ApiValueError, match="is missing"):
                model(name).from_json(text(given))


@each
def test_none_is_not_sent_unless_the_wire_lets_it_be_null(name: str) -> None:
    example = schemas()[name]["example"]
    for wire, of in schemas()[name]["properties"].items():
        if wire in schemas()[name].get("required", ()):
            continue
        given = {**example, wire: None}
        expected = given if of.get("nullable") else {key: value for key, value in given.items() if key != wire}
        python = next(field for field, info in model(name).model_fields.items() if (info.alias or field) == wire)
        assigned = model(name).from_dict(example)
        setattr(assigned, python, None)
        for built in (
            model(name)(**given),
            model(name)(**{python if key == wire else key: value for key, value in given.items()}),
            model(name).from_dict(given),
            model(name).from_json(text(given)),
            assigned,
        ):
            assert json.loads(built.to_wire()) == expected, wire


@each
def test_values_out_of_range_are_refused(name: str) -> None:
    example = schemas()[name]["example"]
    for field in fields(name):
        odd = []
        of = field.schema
        if of.get("type") in ("integer", "number"):
            odd += ["many", "NaN", True, [1], {}, float("nan"), float("inf"), Decimal("NaN")]
            odd += [of["minimum"] - (0 if of.get("exclusiveMinimum") else 1)] if "minimum" in of else []
            odd += [of["maximum"] + 1] if "maximum" in of else []
            odd += [1.5] if of["type"] == "integer" else []
        if of.get("type") == "string" and of.get("format") != "date-time":
            odd += [5, True, ["x"], b"\xff", "\ud800"]
            odd += ["NO_SUCH_VALUE"] if "enum" in of else []
            odd += [""] if of.get("minLength") else []
            odd += ["x" * (of["maxLength"] + 1)] if "maxLength" in of else []
        if of.get("format") == "date-time":
            odd += ["", "yesterday", 5, "2026-02-30T00:00:00Z"]
        for value in odd:
            with pytest.raises(ApiValueError, match=f"^{model(name).__name__}: "):
                model(name).from_dict(put(example, field.place, value))


def test_a_nested_body_is_as_strict_as_its_parts() -> None:
    action: Any = {"type": "token_usage", "provider": None, "model": None}
    request = V1EntitlementsCheckPostRequest(user_id="u", feature_id="f", action=action)
    assert json.loads(request.to_wire()) == {"userId": "u", "featureId": "f", "action": {"type": "token_usage"}}
    with pytest.raises(ApiValueError, match=r"unknown field 'action\.typ': did you mean 'type'\?"):
        V1EntitlementsCheckPostRequest.from_dict({"userId": "u", "featureId": "f", "action": {"typ": "token_usage"}})


def test_a_nullable_field_is_null_only_if_set_explicitly(client: ApiClient, echo: Echo) -> None:
    entitlements = EntitlementsApi(client)
    echo.answer(200, text(schemas()["V1EntitlementsPost201Response"]["example"]).encode(), "application/json")
    for given, sent in [
        ({"limit_type": "NONE"}, {"limitType": "NONE"}),
        ({"limit_value": None}, {"limitValue": None}),
        ({"limit_value": None, "period": None, "metadata": None}, {"limitValue": None, "period": None}),
        ({"limit_value": UNSET, "period": UNSET, "limit_type": None}, {}),
        ({"limit_value": 0}, {"limitValue": 0}),
    ]:
        arguments: Any = given
        entitlements.update("7d0c6f0a-3b52-4c1e-9a64-2f8f1c5be901", **arguments)
        assert json.loads(echo.last.body) == sent
    assert not UNSET
    assert repr(UNSET) == "UNSET"


@pytest.mark.parametrize("wire", ["limitValue", "limit_value"])
def test_an_explicit_null_is_kept_by_every_constructor(wire: str) -> None:
    expected = {"limitValue": None}
    assert json.loads(V1EntitlementsIdPutRequest.from_dict({wire: None}).to_wire()) == expected
    assert json.loads(V1EntitlementsIdPutRequest.from_json(f'{{"{wire}":null}}').to_wire()) == expected


def test_assigned_values_follow_the_same_rules() -> None:
    request: Any = V1CreditsGrantPostRequest(amount=5, reason="welcome")
    for name, odd in [("amount", 0), ("amount", 1.5), ("amount", "x"), ("amount", None), ("metadata", {"a": object()})]:
        with pytest.raises((ApiValueError, ApiTypeError), match=name):
            setattr(request, name, odd)
        assert json.loads(request.to_wire()) == {"amount": 5, "reason": "welcome"}
    with pytest.raises(
        ApiAttributeError, match="V1CreditsGrantPostRequest has no field 'amout': did you mean 'amount'"
    ):
        request.amout = 7
    request.amount = 7
    request.reason = None
    request.expires_at = datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert json.loads(request.to_wire()) == {"amount": 7, "expiresAt": "2026-12-31T23:00:00.000Z"}


@pytest.mark.parametrize(
    ("odd", "place"),
    [
        ({"a": float("nan")}, "metadata.a is nan"),
        ({"a": [{1}]}, r"metadata.a\[0\] is a set"),
        ({"a": object()}, "metadata.a is a object"),
        ({"a": "\ud800"}, "metadata.a contains a lone surrogate"),
        ({"a": "\0"}, "metadata.a contains a NUL"),
        ({"__proto__": 1}, "metadata has the key '__proto__'"),
        ({1: 2}, "metadata has the key 1"),
    ],
)
def test_free_form_fields_are_checked_before_anything_is_sent(
    odd: Any, place: str, client: ApiClient, echo: Echo
) -> None:
    with pytest.raises((ApiValueError, ApiTypeError), match=place):
        CreditsApi(client).grant(amount=5, metadata=odd)
    assert echo.seen == []


def test_money_and_credits_are_exact() -> None:
    amount: Any
    for amount in (7, 7.0, Decimal("7.00")):
        assert V1CreditsGrantPostRequest(amount=amount).to_wire() == b'{"amount":7}'
    price: Any
    for price, sent in ((19.99, 19.99), (Decimal("19.99"), 19.99), (20, 20), (Decimal("20.00"), 20)):
        request = V1CreditsPurchasePostRequest(user_id="u", amount=1, purchase_price=price)
        assert json.loads(request.to_wire())["purchasePrice"] == sent
        assert type(json.loads(request.to_wire())["purchasePrice"]) is type(sent)


def test_a_number_is_not_given_as_text() -> None:
    odd: Any
    for odd, hint in (("7", ": give it without quotes"), ("7.5", ": give it without quotes"), ("many", ""), ("", "")):
        with pytest.raises(ApiValueError, match=rf"amount must be a number, not the text '{odd}'{hint}$"):
            V1CreditsGrantPostRequest(amount=odd)
        with pytest.raises(ApiValueError, match="purchasePrice must be a number, not the text"):
            V1CreditsPurchasePostRequest.from_dict({"userId": "u", "amount": 1, "purchasePrice": odd})
    with pytest.raises(ApiValueError, match="estimated_input_tokens must be a number, not the text"):
        V1EntitlementsCheckPostRequest(
            user_id="u", feature_id="f", action={"type": "token_usage", "estimated_input_tokens": "9"}
        )


def test_times_of_requests_are_sent_in_utc() -> None:
    when: Any
    for when in ("2027-01-01T01:00:00+01:00", datetime(2027, 1, 1, tzinfo=timezone.utc), "2027-01-01T00:00:00.0004Z"):
        request = V1CreditsGrantPostRequest(amount=1, expires_at=when)
        assert json.loads(request.to_wire())["expiresAt"] == "2027-01-01T00:00:00.000Z"


def test_enumerations_of_requests_are_closed() -> None:
    kind: Any = "SOFTISH"
    with pytest.raises(ApiValueError, match="limit_type should be 'HARD', 'SOFT' or 'NONE'"):
        V1EntitlementsPostRequest(feature_id="f", limit_type=kind)


def test_the_whole_body_of_ingest_is_a_model_too() -> None:
    example = schemas()["V1EventsIngestPostRequest"]["example"]
    request = openmonetize.V1EventsIngestPostRequest.from_dict(example)
    assert json.loads(request.to_wire()) == example
    assert json.loads(openmonetize.V1EventsIngestPostRequest.from_json(text(example)).to_wire()) == example
    with pytest.raises(ApiValueError, match="event"):
        openmonetize.V1EventsIngestPostRequest.from_dict({"events": []})
