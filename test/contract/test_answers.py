"""Answers are read leniently and written back to the byte: numbers as strings and the reverse, nulls, missing and
unknown fields, unknown values of enumerations.
"""

from __future__ import annotations

import copy
import json
import math
import pickle
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import openmonetize
from openmonetize import ApiTypeError, ApiValueError
from openmonetize._schema.model import Model, RequestModel, ResponseModel

from .contract import requests, schemas
from .fields import Field, at, attribute, fields, objects, put, without

ANSWERS = sorted(
    name for name, of in schemas().items() if not of.keys() & {"oneOf", "x-om-event"} and name not in requests()
)
PYTHON_TYPES = {"int64": int, "decimal": Decimal}
NOT_JSON = (math.nan, math.inf)  # but Python reads them
each = pytest.mark.parametrize("name", ANSWERS)


def model(name: str) -> Any:
    return getattr(openmonetize, name)


def text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def written(name: str, value: Any) -> Any:
    """Return the value, read from JSON and written again."""
    return json.loads(model(name).from_json(text(value)).to_json())


def scalars(name: str, *types: str) -> list[Field]:
    """Return the example's values of these JSON types, without free-form ones."""
    kinds = (str, int, float)
    return [field for field in fields(name) if field.schema.get("type") in types and isinstance(field.value, kinds)]


def is_time(field: Field) -> bool:
    return field.schema.get("format") in ("date-time", "date")


def assert_kept_as_it_came(name: str, field: Field, odd: Any) -> None:
    """Check that a value that cannot be read costs its field alone, and is written as it came."""
    changed = put(schemas()[name]["example"], field.place, odd)
    for read in (model(name).from_json(text(changed)), model(name).from_dict(changed)):
        assert attribute(read, field.place) is None
        if odd not in NOT_JSON:
            assert json.loads(read.to_json()) == changed


def assert_refused(name: str, field: Field, odd: Any) -> None:
    """Check that another thing than a single value is an error that names the model."""
    changed = put(schemas()[name]["example"], field.place, odd)
    with pytest.raises(ApiValueError, match=f"^{model(name).__name__}: "):
        model(name).from_json(text(changed))
    with pytest.raises(ApiValueError, match=f"^{model(name).__name__}: "):
        model(name).from_dict(changed)


@pytest.mark.parametrize("name", sorted(schemas()))
def test_every_model_can_be_built(name: str) -> None:
    found = model(name)
    if "oneOf" in schemas()[name]:
        assert all(issubclass(member, Model) for member in found.models().values())
    else:
        assert issubclass(found, Model)
        found.model_rebuild(force=True)
        assert found.__pydantic_complete__
        wire_names = {of.alias or field for field, of in found.model_fields.items()}
        assert wire_names == set(schemas()[name]["properties"])
        assert issubclass(found, RequestModel) == (name in requests())


@each
def test_the_full_example_comes_back_to_the_byte(name: str) -> None:
    example = schemas()[name]["example"]
    read = model(name).from_json(text(example))
    assert isinstance(read, ResponseModel)
    assert json.loads(read.to_json()) == example
    assert read.to_json().encode() == read.to_wire() == model(name).from_json(text(example).encode()).to_wire()
    for twin in (
        model(name).from_dict(example),
        model(name)(**example),
        model(name).from_json(read.to_json()),
        model(name).from_dict(read.to_dict()),
        model(name).from_dict(read),
    ):
        assert twin == read
        assert twin.to_wire() == read.to_wire()
    assert set(read.to_dict()) == set(example)
    assert all(repr(key) in read.to_str() for key in example)


@each
def test_answers_survive_copying_and_pickling(name: str) -> None:
    read = model(name).from_json(text({**schemas()[name]["example"], "newField": [1]}))
    for twin in (copy.copy(read), copy.deepcopy(read), read.model_copy(), pickle.loads(pickle.dumps(read))):
        assert type(twin) is type(read)
        assert twin == read
        assert twin.to_wire() == read.to_wire()


@each
def test_values_have_the_documented_types(name: str) -> None:
    read = model(name).from_json(text(schemas()[name]["example"]))
    for field in fields(name):
        value = attribute(read, field.place)
        of = field.schema
        if value is None:
            assert of.get("nullable"), field.place
        elif of.get("format") in PYTHON_TYPES:
            assert type(value) is PYTHON_TYPES[of["format"]], field.place
        elif of.get("format") == "date-time":
            assert type(value) is datetime, field.place
            assert value.utcoffset() == timedelta(0)
        elif of.get("type") == "integer":
            assert type(value) is int, field.place
        elif of.get("type") == "number":
            assert isinstance(value, (int, float)), field.place


@each
def test_numbers_may_come_as_strings(name: str) -> None:
    example = schemas()[name]["example"]
    plain = model(name).from_json(text(example)).to_wire()
    for field in scalars(name, "integer", "number"):
        for spelling in {
            str(field.value),
            f" {field.value} ",
            f"{field.value}{'' if '.' in str(field.value) else '.00'}",
        }:
            changed = put(example, field.place, spelling)
            assert json.loads(model(name).from_json(text(changed)).to_wire()) == json.loads(plain), (field, spelling)
        exact = put(example, field.place, str(field.value))
        assert model(name).from_json(text(exact)).to_wire() == plain
        assert model(name).from_dict(exact).to_wire() == plain


@each
def test_strings_may_come_as_numbers(name: str) -> None:
    example = schemas()[name]["example"]
    for field in scalars(name, "string"):
        if is_time(field):
            continue
        exact = field.schema.get("format") in PYTHON_TYPES
        number = json.loads(field.value) if exact else 7
        for read in (model(name).from_json(text(put(example, field.place, number))), model(name).from_dict(example)):
            back = at(json.loads(read.to_json()), field.place)
            assert type(back) is str
            if exact:
                assert Decimal(back) == Decimal(field.value)
        assert at(written(name, put(example, field.place, 7)), field.place) == "7"


@each
def test_every_field_may_be_null(name: str) -> None:
    example = schemas()[name]["example"]
    for field in fields(name):
        if isinstance(field.place[-1], int) or not _is_a_property(name, field):
            continue
        changed = put(example, field.place, None)
        read = model(name).from_json(text(changed))
        assert attribute(read, field.place) is None
        assert json.loads(read.to_json()) == changed


def _is_a_property(name: str, field: Field) -> bool:
    owner: Any = next((of.schema for of in objects(name) if of.place == field.place[:-1]), {})
    return field.place[-1] in owner.get("properties", {})


@each
def test_every_field_may_be_missing(name: str) -> None:
    example = schemas()[name]["example"]
    for field in fields(name):
        if not isinstance(field.place[-1], int) and _is_a_property(name, field):
            changed = without(example, field.place)
            read = model(name).from_json(text(changed))
            assert attribute(read, field.place) is None
            assert json.loads(read.to_json()) == changed
    assert model(name).from_json("{}").to_json() == "{}"
    assert model(name)().to_dict() == {}


@each
def test_unknown_fields_are_kept(name: str) -> None:
    example = schemas()[name]["example"]
    unknown = {"newField": {"deep": [1, None, "é"]}, "self": 1, "model_config": "x", "class": 1.5}
    for field in objects(name):
        if any(isinstance(step, str) and step in unknown for step in field.place):
            continue
        changed = put({"": example}, ("", *field.place), {**field.value, **unknown})[""]
        read = model(name).from_json(text(changed))
        assert json.loads(read.to_json()) == changed
        assert model(name).from_dict(changed).to_wire() == read.to_wire()
        assert attribute(read, field.place).newField == unknown["newField"]


@each
def test_unknown_values_of_enumerations_are_kept(name: str) -> None:
    example = schemas()[name]["example"]
    for field in fields(name):
        if "enum" in field.schema:
            for value in (*field.schema["enum"], "SOMETHING_NEW"):
                changed = put(example, field.place, value)
                read = model(name).from_json(text(changed))
                assert attribute(read, field.place) == value
                assert json.loads(read.to_json()) == changed


@each
def test_times_are_read_in_every_zone_and_written_in_utc(name: str) -> None:
    example = schemas()[name]["example"]
    for field in fields(name):
        if field.schema.get("format") != "date-time":
            continue
        for spelling, sent in {
            "2026-11-23T10:30:00+01:00": "2026-11-23T09:30:00.000Z",
            "2026-11-23T09:30:00": "2026-11-23T09:30:00.000Z",
            "2026-11-23T09:30:00.123456Z": "2026-11-23T09:30:00.123Z",
            "2026-11-23T09:30:00.120Z": "2026-11-23T09:30:00.120Z",
        }.items():
            changed = put(example, field.place, spelling)
            assert written(name, changed) == put(example, field.place, sent)
        for odd in ("", "yesterday", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+05:00"):
            assert_kept_as_it_came(name, field, odd)
        for other in ([], {}):
            assert_refused(name, field, other)


@each
def test_a_number_of_the_wrong_type_is_kept_as_it_came(name: str) -> None:
    read = model(name).from_dict(schemas()[name]["example"])
    for field in scalars(name, "integer", "number"):
        in_a_field = isinstance(attribute(read, field.place[:-1]), ResponseModel)  # and not in a dict of numbers
        check = assert_kept_as_it_came if in_a_field else assert_refused
        for odd in ("many", "", True, False, "1e999999999", "NaN", "-Infinity", *NOT_JSON):
            check(name, field, odd)
        for other in ({}, [1]):
            assert_refused(name, field, other)


@each
def test_another_thing_than_an_object_is_an_error_that_names_the_model(name: str) -> None:
    example, shown = schemas()[name]["example"], model(name).__name__
    for odd_text in ("", "{", "nul", "[]", '"x"', "5", "null"):
        with pytest.raises(ApiValueError, match=f"^{shown}: "):
            model(name).from_json(odd_text)
    odd_type: Any
    for odd_type in (None, 5, "x", [example]):
        with pytest.raises(ApiTypeError, match=f"{shown} needs a dict, not {type(odd_type).__name__}"):
            model(name).from_dict(odd_type)
    odd_key: dict[Any, Any] = {1: 2}
    with pytest.raises(ApiTypeError, match="names must be str"):
        model(name).from_dict(odd_key)
