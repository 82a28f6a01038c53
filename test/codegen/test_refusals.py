"""What the client would lack is refused, with file and line, before anything is written."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from .generated import ROOT
from .refusals import REFUSALS, Refusal, changed, good

yaml = pytest.importorskip("yaml")
pytest.importorskip("jinja2", reason="jinja2 is not installed: pip install --group codegen")
sys.path.insert(0, str(ROOT / "codegen"))

from printing.printer import print_contract  # noqa: E402
from reading.reader import read_contract  # noqa: E402
from reading.source import ContractError  # noqa: E402
from surroundings import owner_of  # noqa: E402


def read(contract: Any, folder: Path) -> None:
    path = folder / "contract.yaml"
    path.write_text(yaml.safe_dump(contract, sort_keys=False))
    read_contract(path, owner_of)


def test_the_contract_that_the_others_are_changes_of_is_read(tmp_path: Path) -> None:
    read(good(), tmp_path)


@pytest.mark.parametrize("refusal", REFUSALS, ids=[refusal.construct for refusal in REFUSALS])
def test_it_is_refused_in_one_sentence(refusal: Refusal, tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        read(changed(refusal.change), tmp_path)
    lines = str(caught.value).splitlines()
    assert any(refusal.message in line for line in lines), lines
    assert all(re.match(r"contract\.yaml(:\d+)?: ", line) for line in lines), lines


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    contract = good()
    for refusal in REFUSALS[:3]:
        refusal.change(contract)
    with pytest.raises(ContractError) as caught:
        read(contract, tmp_path)
    assert all(refusal.message in str(caught.value) for refusal in REFUSALS[:3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "contract.yaml:2: neither YAML nor JSON"),
        ("a: 1\nb: 2\na: 3\n", "contract.yaml:3: 'a' is there twice"),
        ("a: &x [*x]\n", "contract.yaml:1: a value contains itself"),
        ("? [1]\n: 2\n", "contract.yaml:1: a key is no text"),
        ("", "is no contract of OpenAPI 3.0 or 3.1"),
        ("openapi: 2.0.0\n", "is no contract of OpenAPI 3.0 or 3.1"),
        ("[]", "is no contract of OpenAPI 3.0 or 3.1"),
    ],
)
def test_a_file_that_is_no_contract_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(text)
    with pytest.raises(ContractError, match=re.escape(message)):
        read_contract(path, owner_of)


def test_a_contract_may_be_json_and_of_several_files(tmp_path: Path) -> None:
    contract = good()
    (tmp_path / "things.yaml").write_text(yaml.safe_dump(contract["components"]["schemas"]))
    contract["components"]["schemas"] = {"Thing": {"$ref": "things.yaml#/Thing"}}
    body = contract["paths"]["/things/{id}"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"] = {"$ref": "things.yaml#/Order"}
    (tmp_path / "contract.json").write_text(json.dumps(contract))
    found = read_contract(tmp_path / "contract.json", owner_of)
    assert sorted(found.models) == ["Order", "Thing"]


_KEYS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "oneOf",
        "allOf",
        "anyOf",
        "$ref",
        "enum",
        "const",
        "format",
        "nullable",
        "required",
        "additionalProperties",
        "minimum",
        "discriminator",
        "x-om-type",
        "description",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["object", "array", "string"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


@given(_JSON, st.integers(min_value=0))
def test_any_value_anywhere_is_refused_or_becomes_python(
    tmp_path_factory: pytest.TempPathFactory, value: Any, place: int
) -> None:
    contract = good()
    places = list(_places(contract))
    node, key = places[place % len(places)]
    node[key] = value
    path = tmp_path_factory.getbasetemp() / "contract.json"
    path.write_text(json.dumps(contract))
    try:
        found = read_contract(path, owner_of)
    except ContractError:
        return
    for name, text in print_contract(found):
        if name.endswith(".py"):
            compile(text, name, "exec")
