"""Every typed operation over HTTP: the request that is sent, and the type of the answer."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

import openmonetize
from openmonetize import ApiClient, ApiException, ApiResponse, ApiTypeError, ApiValueError, UnexpectedBodyError
from openmonetize.events.ids import mint_id
from openmonetize.exceptions import exception_for_status

from .conftest import KEY
from .contract import Documented, follow, operations, schema_name, schemas, served_by, typed
from .echo import Echo

EVENT_MODELS = ("TokenUsageEvent", "ImageGenerationEvent", "CustomEvent", "ApiCallEvent")
HTML = b"<html><body>Welcome</body></html>"
EVENTS = {operation.name: operation for operation in typed()}.pop("ingest")
CALLED = [operation for operation in typed() if operation is not EVENTS]
each_called = pytest.mark.parametrize("operation", CALLED, ids=str)


def python_name(wire: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wire).lower()


def api(operation: Documented, client: ApiClient) -> Any:
    return getattr(openmonetize, operation.class_name)(client)


def arguments(operation: Documented) -> dict[str, Any]:
    """Return every path and query argument, with the contract's example."""
    return {python_name(parameter["name"]): _example(parameter) for parameter in operation.parameters}


def _example(parameter: Any) -> Any:
    if "example" in parameter:
        return parameter["example"]
    schema = follow(parameter["schema"])
    return schema["example"] if "example" in schema else schema["enum"][0]


def body_fields(operation: Documented) -> dict[str, Any]:
    """Return the fields of the body by their Python names, with the contract's example."""
    if operation.body is None:
        return {}
    return {python_name(name): value for name, value in operation.body["example"].items()}


def success(operation: Documented) -> tuple[int, Any]:
    return next((status, answer) for status, answer in operation.answers.items() if 200 <= status < 300)


def answer_with_example(echo: Echo, operation: Documented) -> Any:
    status, answer = success(operation)
    example = None if answer is None else answer["example"]
    echo.answer(status, b"" if answer is None else json.dumps(example).encode(), "application/json")
    return example


def expected_target(operation: Documented) -> tuple[str, list[tuple[str, str]]]:
    path, query = operation.path, []
    for parameter in operation.parameters:
        example = _example(parameter)
        text = str(example).lower() if isinstance(example, bool) else str(example)
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", quote(text, safe=""))
        else:
            query.append((parameter["name"], text))
    return path, query


def check_request(echo: Echo, operation: Documented) -> None:
    """Check verb, path, query, key and body of the only request."""
    seen = echo.last
    parts = urlsplit(seen.target)
    assert seen.verb == operation.verb
    assert (parts.path, parse_qsl(parts.query)) == expected_target(operation)
    assert seen.headers.get("authorization") == (None if operation.keyless else f"Bearer {KEY}")
    assert seen.headers.get("x-api-key") == (KEY if operation.path.startswith("/v1/events") else None)
    assert seen.headers["accept"] == "application/json"
    assert seen.headers["user-agent"].startswith("openmonetize-python/")
    assert len(seen.headers["x-request-id"]) == 32
    if operation.body is None:
        assert seen.body == b""
        assert "content-type" not in seen.headers  # the platform refuses an empty body that is called JSON
    else:
        assert seen.headers["content-type"] == "application/json"
        sent = json.loads(seen.body)
        assert sent == operation.body["example"]
        assert seen.body == json.dumps(sent, separators=(",", ":"), ensure_ascii=False).encode()


def check_answer(answer: Any, operation: Documented, example: Any) -> None:
    """Check that the answer is of the contract's type, with every value of the example."""
    documented = success(operation)[1]
    if documented is None:
        assert answer is None
    else:
        assert type(answer) is getattr(openmonetize, schema_name(documented["schema"]))
        assert json.loads(answer.to_json()) == example


@each_called
def test_a_call_with_keyword_arguments(operation: Documented, client: ApiClient, echo: Echo) -> None:
    example = answer_with_example(echo, operation)
    answer = getattr(api(operation, client), operation.name)(**arguments(operation), **body_fields(operation))
    check_request(echo, operation)
    check_answer(answer, operation, example)


@each_called
def test_a_call_with_http_info(operation: Documented, client: ApiClient, echo: Echo) -> None:
    example = answer_with_example(echo, operation)
    method = getattr(api(operation, client), f"{operation.name}_with_http_info")
    response = method(**arguments(operation), **body_fields(operation))
    check_request(echo, operation)
    assert type(response) is ApiResponse
    assert response.status_code == success(operation)[0]
    assert response.headers["content-type"] == "application/json"
    assert response.raw_data == echo.body
    check_answer(response.data, operation, example)


@each_called
def test_a_call_for_the_raw_answer(operation: Documented, client: ApiClient, echo: Echo) -> None:
    answer_with_example(echo, operation)
    method = getattr(api(operation, client), f"{operation.name}_without_preload_content")
    response = method(**arguments(operation), **body_fields(operation))
    check_request(echo, operation)
    assert response.status == success(operation)[0]
    assert response.read() == echo.body


@pytest.mark.parametrize("operation", [operation for operation in CALLED if operation.body is not None], ids=str)
def test_a_body_may_be_a_model_or_a_dict(operation: Documented, client: ApiClient, echo: Echo) -> None:
    example, given = answer_with_example(echo, operation), operation.body["example"]
    method = getattr(api(operation, client), operation.name)
    model = getattr(openmonetize, schema_name(operation.body["schema"]))
    path = [value for name, value in arguments(operation).items()]
    for body in (model(**body_fields(operation)), model.from_dict(given), model.from_json(json.dumps(given)), given):
        check_answer(method(*path, body), operation, example)
        check_request(echo, operation)
    name = next(name for name in inspect.signature(method).parameters if name.endswith("_request"))
    check_answer(method(*path, **{name: given}), operation, example)
    check_request(echo, operation)


@pytest.mark.parametrize("operation", [operation for operation in CALLED if operation.body is not None], ids=str)
def test_a_faulty_body_is_refused_before_anything_is_sent(operation: Documented, client: ApiClient, echo: Echo) -> None:
    method = getattr(api(operation, client), operation.name)
    path = list(arguments(operation).values())
    name = next(iter(body_fields(operation)), None)
    with pytest.raises(ApiTypeError, match="unknown argument 'zzz'"):
        method(*path, zzz=1)
    with pytest.raises(ApiValueError, match="unknown field 'zzz'"):
        method(*path, {**operation.body["example"], "zzz": 1})
    for odd in ("x", 5, [operation.body["example"]]):
        with pytest.raises(ApiTypeError, match="needs a dict"):
            method(*path, odd)
    if name is not None:
        with pytest.raises(ApiTypeError, match=f"not both|{name}"):
            method(*path, operation.body["example"], **{name: body_fields(operation)[name]})
        with pytest.raises(ApiTypeError, match=rf"unknown argument '{name}x'.*did you mean {name}\?"):
            method(*path, **{name + "x": 1})
    if schemas()[schema_name(operation.body["schema"])].get("required"):
        with pytest.raises(ApiValueError, match="is missing"):
            method(*path)
    assert echo.seen == []


@each_called
def test_a_faulty_argument_is_refused_before_anything_is_sent(
    operation: Documented, client: ApiClient, echo: Echo
) -> None:
    method, good = getattr(api(operation, client), operation.name), {**arguments(operation), **body_fields(operation)}
    for parameter in operation.parameters:
        name, schema = python_name(parameter["name"]), follow(parameter["schema"])
        odd: list[Any] = [["x"], object()]
        if parameter["in"] == "path":
            odd += ["", ".", "..", 5, "a\0b", "\ud800"]
        elif schema["type"] in ("integer", "number"):
            odd += ["5", True, schema.get("minimum", 0) - 1] + ([schema["maximum"] + 1] if "maximum" in schema else [])
        elif schema["type"] == "boolean":
            odd += ["true", 1]
        else:
            odd += [5, "\ud800"]
            odd += ["no such choice"] if "enum" in schema else []
            odd += ["yesterday"] if schema.get("format") == "date-time" else []
        for value in odd:
            with pytest.raises((ApiTypeError, ApiValueError), match=name):
                method(**{**good, name: value})
    with pytest.raises(ApiTypeError, match="unknown argument"):
        method(**good, _request_timeot=5)
    assert echo.seen == []


@each_called
def test_every_documented_failure_has_its_error_and_its_data(
    operation: Documented, client: ApiClient, echo: Echo
) -> None:
    method, good = getattr(api(operation, client), operation.name), {**arguments(operation), **body_fields(operation)}
    for status, answer in operation.answers.items():
        if status < 300:
            continue
        echo.answer(status, json.dumps(answer["example"]).encode(), "application/json")
        with pytest.raises(ApiException) as caught:
            method(**good)
        error = caught.value
        assert type(error) is exception_for_status(status)
        assert error.status == status
        assert type(error.data) is getattr(openmonetize, schema_name(answer["schema"]))
        assert json.loads(error.data.to_json()) == answer["example"]
        assert error.request_id == echo.last.headers["x-request-id"]
        assert KEY not in str(error)


@each_called
def test_an_html_page_is_an_error(operation: Documented, client: ApiClient, echo: Echo) -> None:
    method, good = getattr(api(operation, client), operation.name), {**arguments(operation), **body_fields(operation)}
    for status in {success(operation)[0], 200} - {204}:
        for body in (HTML, b"", b"[]", b'"x"', b'{"data":'):
            echo.answer(status, body, "text/html" if body is HTML else "application/json")
            if success(operation)[1] is None and body in (b"", b"[]", b'"x"'):
                assert method(**good) is None
            else:
                with pytest.raises(UnexpectedBodyError) as caught:
                    method(**good)
                assert caught.value.status == status


@each_called
def test_an_undocumented_success_is_read_as_the_documented_one(
    operation: Documented, client: ApiClient, echo: Echo
) -> None:
    example = answer_with_example(echo, operation)
    echo.answer(203, echo.body, "application/json")
    check_answer(
        getattr(api(operation, client), operation.name)(**arguments(operation), **body_fields(operation)),
        operation,
        example,
    )


def test_aliases_are_the_same_functions() -> None:
    for operation in operations():
        found = getattr(openmonetize, operation.class_name)
        alias = operation.node.get("x-om-alias")
        if alias is not None:
            assert vars(found)[alias] is vars(found)[operation.name]


def test_every_class_has_its_methods_and_nothing_else() -> None:
    names: dict[str, set] = {}
    for operation in operations():
        variants = ("", "_with_http_info", "_without_preload_content")
        names.setdefault(operation.class_name, set()).update(operation.name + variant for variant in variants)
        alias = operation.node.get("x-om-alias", operation.name)
        names[operation.class_name].add(alias)
        if "x-om-pages" in operation.node:
            names[operation.class_name].add(f"iter_{alias}")
    for class_name, expected in names.items():
        assert {name for name in vars(getattr(openmonetize, class_name)) if name[0] != "_"} == expected


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_a_method_documents_itself(operation: Documented) -> None:
    found = getattr(openmonetize, operation.class_name)
    text = inspect.getdoc(getattr(found, operation.name))
    assert text is not None
    assert text.startswith(operation.node["summary"] + ".")
    assert f"Served by {served_by(operation)}." in " ".join(text.split())
    for section in ("Args:", "Returns:", "Raises:"):
        assert section in text
    for status in operation.answers:
        if status >= 300:
            assert str(status) in text.partition("Raises:")[2]
    signature = inspect.signature(getattr(found, operation.name))
    for name in signature.parameters:
        if name != "self":
            assert re.search(rf"^    \**{name}: \S", text, re.MULTILINE), name
    for variant, returns in (("_with_http_info", "ApiResponse["), ("_without_preload_content", "RESTResponse")):
        twin = getattr(found, operation.name + variant)
        assert twin.__name__ == operation.name + variant
        assert f":meth:`{operation.name}`" in twin.__doc__
        assert inspect.signature(twin).parameters == signature.parameters
        assert inspect.signature(twin).return_annotation.startswith(returns)


def test_per_call_options_reach_the_wire(client: ApiClient, echo: Echo) -> None:
    credits = openmonetize.CreditsApi(client)
    for method in (credits.balance, credits.v1_credits_balance_get_with_http_info):
        method(_request_auth="om_other", _headers={"X-Trace": "7"}, _request_timeout=5)
        seen = echo.last
        assert (seen.headers["authorization"], seen.headers["x-trace"]) == ("Bearer om_other", "7")


def test_ingest_sends_events_and_sums_up(client: ApiClient, echo: Echo) -> None:
    events_api = openmonetize.EventsApi(client)
    for status in (202, 200):
        examples = [{**schemas()[name]["example"], "event_id": mint_id()} for name in EVENT_MODELS]
        echo.answer(status, json.dumps(EVENTS.answers[status]["example"]).encode(), "application/json")
        result = events_api.ingest(events=[openmonetize.UsageEvent.from_dict(example) for example in examples])
        seen = echo.last
        assert (seen.verb, seen.target) == ("POST", "/v1/events/ingest")
        assert (seen.headers["authorization"], seen.headers["x-api-key"]) == (f"Bearer {KEY}", KEY)
        assert json.loads(seen.body) == {"events": examples}
        expected = EVENTS.answers[status]["example"]
        assert (result.accepted, result.duplicates) == (expected["accepted"], expected["duplicates"])
        assert result.batch_ids == ([expected["batch_id"]] if expected["batch_id"] else [])
    example = {"event_type": "API_CALL", "feature_id": "search"}
    assert events_api.ingest_with_http_info(events=[example]).status_code == 200
    assert events_api.ingest_without_preload_content(events=[example]).read() == echo.body
