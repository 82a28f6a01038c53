"""The contract contains everything from the seed, with descriptions and examples."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from .contract import (
    SPEC,
    Documented,
    components,
    follow,
    forwarded,
    operations,
    schema_name,
    schemas,
    served_by,
    spec,
    strings,
    table,
    typed,
)

SEED = table("seed_operations.csv")
SEED_MODELS = [row["model"] for row in table("seed_models.csv")]
WITHOUT_KEY = {"health_get", "ready_get", "v1_info_get", "v1_customers_register_post", "v1_demo_generate_post"}
SERVED_BY = {
    "seed-era and present deployments",
    "present deployments",
    "seed-era deployments",
    "present deployments, outside the published contract",
    "present deployments by contract; today they answer 404",
}
each_operation = pytest.mark.parametrize("operation", operations(), ids=str)
each_typed = pytest.mark.parametrize("operation", typed(), ids=str)
each_schema = pytest.mark.parametrize("name", sorted(schemas()))


def test_the_contract_is_valid_openapi() -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    assert spec()["openapi"] == "3.0.3"
    validator.validate(spec())
    validator.validate(yaml.safe_load(SPEC.read_text(encoding="utf-8")))


def test_the_contract_itself_says_nothing_of_python() -> None:
    assert "x-om" not in SPEC.read_text(encoding="utf-8")


def test_every_operation_of_the_seed_is_there() -> None:
    found = {(operation.class_name, operation.name, operation.verb, operation.path) for operation in operations()}
    assert {(row["class"], row["method"], row["http"], row["path"]) for row in SEED} <= found
    assert len(SEED) == 76
    assert len(forwarded()) == 56
    assert {operation.class_name for operation in forwarded()} == {"DefaultApi"}


def test_every_model_of_the_seed_is_a_component() -> None:
    assert len(SEED_MODELS) == 52
    assert set(SEED_MODELS) <= set(schemas())


def test_one_server_and_two_security_schemes() -> None:
    assert [server["url"] for server in spec()["servers"]] == ["https://api.openmonetize.io"]
    schemes = spec()["components"]["securitySchemes"]
    assert (schemes["bearerAuth"]["type"], schemes["bearerAuth"]["scheme"]) == ("http", "bearer")
    assert (schemes["ApiKeyAuth"]["in"], schemes["ApiKeyAuth"]["name"]) == ("header", "X-API-Key")
    assert spec()["security"] == [{"bearerAuth": []}, {"ApiKeyAuth": []}]


def test_five_operations_need_no_key_and_all_others_do() -> None:
    assert {operation.name for operation in operations() if operation.keyless} == WITHOUT_KEY
    assert all("security" not in operation.node for operation in operations() if not operation.keyless)


def test_tags_are_declared_and_explained() -> None:
    declared = {tag["name"]: tag["description"] for tag in spec()["tags"]}
    assert set(declared) == {operation.class_name[:-3] for operation in operations()}
    assert all(text.endswith(".") for text in declared.values())


@each_operation
def test_an_operation_is_described(operation: Documented) -> None:
    node = operation.node
    assert len(node["tags"]) == 1
    assert 10 <= len(node["summary"]) <= 70
    assert not node["summary"].endswith(".")
    assert len(node["description"]) >= 40
    assert node["description"].rstrip().endswith(".")
    assert served_by(operation) in SERVED_BY
    for parameter in operation.parameters:
        assert parameter["description"], parameter["name"]


@each_operation
def test_an_operation_shows_examples(operation: Documented) -> None:
    if operation.body is not None:
        assert "example" in operation.body
    for status, answer in operation.answers.items():
        assert answer is None or "example" in answer, status
    for parameter in operation.parameters:
        if parameter["in"] == "path":
            assert "example" in parameter, parameter["name"]


@each_operation
def test_an_operation_documents_how_it_fails(operation: Documented) -> None:
    statuses = set(operation.answers)
    expected = {429}
    if not operation.keyless:
        expected |= {401, 500}
    if operation.body is not None and not operation.forwarded:
        expected |= {400, 413, 415}
    if operation.forwarded:
        expected |= {404}
    if operation.class_name == "EventsApi" and operation.name != "v1_events_list_get":
        expected |= {402}
    assert expected <= statuses
    assert len([status for status in statuses if 200 <= status < 300]) >= 1
    for status, answer in operation.answers.items():
        if status >= 400:
            assert schema_name(answer["schema"]) in (
                "ErrorResponse",
                "V1CustomersRegisterPost400Response",
                "V1CreditsGrantPost409Response",
                "ReadyGet200Response",
            )


def test_retries_and_keys_of_operations_are_declared() -> None:
    retry = {
        operation.name: operation.node["x-om-retry"] for operation in operations() if "x-om-retry" in operation.node
    }
    assert retry == {
        "ingest": "always",
        "v1_entitlements_check_post": "always",
        "v1_rating_calculate_post": "always",
        "v1_rating_calculate_bulk_post": "always",
        "v1_credits_grant_post": "idempotency_key",
    }
    both = {operation.name for operation in operations() if operation.node.get("x-om-auth") == "both"}
    assert both == {operation.name for operation in operations() if operation.path.startswith("/v1/events")}


def test_every_typed_operation_has_a_friendly_alias() -> None:
    aliases = {operation.name: operation.node.get("x-om-alias") for operation in operations()}
    assert aliases.pop("ingest") is None  # the name is friendly
    assert {name for name, alias in aliases.items() if alias is None} == {operation.name for operation in forwarded()}
    for name, alias in {
        "v1_credits_balance_get": "balance",
        "v1_credits_grant_post": "grant",
        "v1_credits_purchase_post": "purchase",
        "v1_entitlements_check_post": "check",
        "v1_analytics_usage_get": "usage",
        "v1_customers_me_get": "me",
        "health_get": "health",
    }.items():
        assert aliases[name] == alias
    per_class = [
        (operation.class_name, operation.node["x-om-alias"]) for operation in typed() if operation.name != "ingest"
    ]
    assert len(per_class) == len(set(per_class))


def test_the_wildcards_are_every_verb_below_four_prefixes() -> None:
    verbs = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    expected = {
        (verb, f"/v1/{prefix}/{rest}")
        for prefix in ("analytics", "burn-tables", "events", "rating")
        for rest in ("", "{*}")
        for verb in verbs
    }
    assert {(operation.verb, operation.path) for operation in forwarded()} == expected
    for operation in forwarded():
        assert operation.body is not None
        assert "query" in {parameter["name"] for parameter in operation.parameters}
        assert ("*" in {parameter["name"] for parameter in operation.parameters}) == operation.path.endswith("{*}")


@each_schema
def test_a_component_is_described_field_by_field(name: str) -> None:
    schema = schemas()[name]
    assert schema["description"].rstrip().endswith(".")
    for field, of in schema.get("properties", {}).items():
        assert follow(of).get("description"), field


@each_schema
def test_a_component_has_a_full_example(name: str) -> None:
    schema = schemas()[name]
    assert "example" in schema
    if "oneOf" not in schema:
        left_out = {"team_id"} if schema.get("x-om-event") else set()  # events with a team are lost
        assert set(schema["example"]) == set(schema["properties"]) - left_out
        assert set(schema.get("required", ())) <= set(schema["properties"])


def checker(schema: Any) -> Any:
    """Return a validator of the schema, which refers to the contract's components."""
    found = pytest.importorskip("openapi_schema_validator")
    closed = {
        name: {**of, "additionalProperties": of.get("additionalProperties", False)} if of["type"] == "object" else of
        for name, of in components().items()
        if "oneOf" not in of
    }
    closed["UsageEvent"] = schemas()["UsageEvent"]
    registry = pytest.importorskip("referencing")
    resource = registry.Resource.from_contents(
        {"components": {"schemas": closed}}, default_specification=registry.jsonschema.DRAFT4
    )
    return found.OAS30Validator(
        _absolute(schema),
        registry=registry.Registry().with_resource("urn:contract", resource),
        format_checker=found.oas30_format_checker,
    )


def _absolute(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: f"urn:contract{value}" if key == "$ref" and isinstance(value, str) else _absolute(value)
            for key, value in node.items()
        }
    return [_absolute(value) for value in node] if isinstance(node, list) else node


@each_schema
def test_a_components_example_is_valid(name: str) -> None:
    errors = [
        error.message
        for error in checker({"$ref": f"#/components/schemas/{name}"}).iter_errors(schemas()[name]["example"])
    ]
    assert errors == []


@each_operation
def test_an_operations_examples_are_valid(operation: Documented) -> None:
    shown = [operation.body, *operation.answers.values()]
    shown += [parameter for parameter in operation.parameters if "example" in parameter]
    for each in shown:
        if each is not None:
            assert [error.message for error in checker(each["schema"]).iter_errors(each["example"])] == []


@each_typed
def test_a_typed_operation_speaks_in_named_components(operation: Documented) -> None:
    if operation.body is not None:
        name = schema_name(operation.body["schema"])
        assert schemas()[name]["type"] == "object", name
    for status, answer in operation.answers.items():
        assert answer is None or schema_name(answer["schema"]) in schemas(), status
        if answer is None:
            assert status == 204


def test_every_component_is_used() -> None:
    used = {text.rpartition("/")[2] for text in strings(spec()) if text.startswith("#/components/schemas/")}
    mapped = set(schemas()["UsageEvent"]["discriminator"]["mapping"].values())
    assert set(components()) - used - {text.rpartition("/")[2] for text in mapped} - {"UsageEvent"} == set()


def test_the_prose_is_plain() -> None:
    for text in strings(spec()):
        assert not re.search(r"(?i)\b(todo|fixme|lorem|tbd)\b|/work/|/tmp/", text), text
        assert text == text.strip() or "\n" in text, text
