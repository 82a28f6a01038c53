"""Contracts of others are generated and work, or are refused with all that is missing, in one run."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from contract.echo import Echo
from hypothesis import HealthCheck, given, settings, strategies as st

from .foreign_contracts import CONTRACTS, Foreign, overlay, read, read_or_refused, refused, unpacked
from .generated import client, generate, run

pytest.importorskip("yaml")
pytest.importorskip("jinja2", reason="jinja2 is not installed: pip install --group codegen")

_START = """
import json, sys
import openmonetize as om
client = om.ApiClient(om.Configuration(sys.argv[1], access_token="om_live_a", retries=0))
"""


def foreign(name: str) -> Foreign:
    return next(each for each in CONTRACTS if each.file == name)


def contracts(found: list[Foreign]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("contract", found, ids=[each.file for each in found])


every_contract = contracts(CONTRACTS)


@every_contract
def test_what_is_refused_of_a_contract_is_told_at_once(contract: Foreign) -> None:
    assert refused(contract) == contract.refused


@every_contract
def test_with_its_overlay_it_is_read(contract: Foreign, tmp_path: Path) -> None:
    found = read(unpacked(contract, tmp_path), overlay(contract))
    calls = sum(len(tag.operations) for tag in found.tags)
    assert (calls, len(found.models)) == (contract.operations, contract.models)


@contracts([each for each in CONTRACTS if "/" not in each.file])
def test_it_is_the_same_in_one_line_of_json(contract: Foreign, tmp_path: Path) -> None:
    path = unpacked(contract, tmp_path)
    expected = read(path, overlay(contract))
    yaml = pytest.importorskip("yaml")
    (tmp_path / "one.json").write_text(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert read(tmp_path / "one.json", overlay(contract)) == expected


@pytest.mark.slow
@every_contract
def test_it_is_generated_type_checked_and_called(contract: Foreign, tmp_path: Path) -> None:
    done = generate(unpacked(contract, tmp_path), tmp_path / "tree", overlay(contract), with_types=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
@contracts([each for each in CONTRACTS if each.refused])
def test_without_its_overlay_nothing_is_written_if_it_is_refused(contract: Foreign, tmp_path: Path) -> None:
    done = generate(unpacked(contract, tmp_path), tmp_path / "tree")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == sum(contract.refused.values())
    assert not (tmp_path / "tree").exists()


_SMALL = [each for each in CONTRACTS if each.operations < 20 and "/" not in each.file]
_ODD = [
    "",
    "a b",
    '"',
    "\\",
    '"""',
    "\n",
    "{x}",
    "{{ x }}",
    "class",
    "None",
    "self",
    "é",
    "$ref",
    "*",
    "a\n\nimport os\n",
    "Any",
]
_VALUES = st.sampled_from([None, True, 0, 1.5, [], {}, ["a"], {"type": "string"}, {"$ref": "#/paths"}, *_ODD])


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, key
        if isinstance(value, (dict, list)):
            yield from _places(value)


@lru_cache(maxsize=None)
def loaded(name: str) -> str:
    yaml = pytest.importorskip("yaml")
    with tempfile.TemporaryDirectory() as directory:
        return json.dumps(yaml.safe_load(unpacked(foreign(name), Path(directory)).read_text(encoding="utf-8")))


@given(st.sampled_from(_SMALL), st.integers(min_value=0), st.sampled_from(["drop", "rename", "replace"]), _VALUES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_change_is_refused_in_words_or_becomes_python(
    tmp_path_factory: pytest.TempPathFactory, contract: Foreign, place: int, change: str, value: Any
) -> None:
    changed = json.loads(loaded(contract.file))
    places = list(_places(changed))
    node, key = places[place % len(places)]
    old = node.pop(key)
    if change == "replace":
        if isinstance(node, dict):
            node[key] = value
        else:
            node.insert(key, value)
    elif change == "rename" and isinstance(node, dict):
        node[value if isinstance(value, str) else "other"] = old
    path = tmp_path_factory.getbasetemp() / "changed.json"
    path.write_text(json.dumps(changed))
    lines, files = read_or_refused(path, overlay(contract))
    assert [line for line in lines if not re.match(r"[\w.-]+(:\d+)?: .", line)] == []
    for name, text in files:
        if name.endswith(".py"):
            compile(text, name, "exec")


def call(name: str, folder: Path, echo: Echo, program: str, answer: str = "{}") -> Any:
    contract = foreign(name)
    tree = client(unpacked(contract, folder), folder / "tree", overlay(contract))
    echo.answer(200, answer.encode(), "application/json")
    return run(tree, _START + program, echo.url)


@pytest.mark.slow
def test_calls_of_the_pet_store(tmp_path: Path, echo: Echo) -> None:
    program = """
api = om.PetsApi(client)
pets = api.list_pets(limit=2)
api.create_pets()
api.show_pet_by_id("a b")
print(json.dumps([[type(pet).__name__, pet.id, pet.name, pet.tag] for pet in pets]))
"""
    found = call(
        "petstore-3.1.yaml", tmp_path, echo, program, '[{"id":1,"name":"Rex"},{"id":2,"name":"Tom","tag":"cat"}]'
    )
    assert found == [["Pet", 1, "Rex", None], ["Pet", 2, "Tom", "cat"]]
    targets = [f"{each.verb} {each.target}" for each in echo.seen]
    assert targets == ["GET /pets?limit=2", "POST /pets", "GET /pets/a%20b"]
    assert not any("authorization" in each.headers for each in echo.seen)  # the contract asks for no key


@pytest.mark.slow
def test_calls_of_swaggers_pet_store(tmp_path: Path, echo: Echo) -> None:
    program = """
pets, store, users = om.PetApi(client), om.StoreApi(client), om.UserApi(client)
pets.add_pet(name="Rex", photo_urls=["https://a.example/1"], category={"id": 1, "name": "dogs"}, status="available")
pets.find_pets_by_status_without_preload_content(["available", "sold"])
pets.delete_pet(7, api_key="special")
counts = store.get_inventory()
users.create_users_with_list_input([{"username": "joe"}, om.UserInput(username="ann", user_status=1)])
users.update_user("joe", username="joanna")
print(json.dumps(counts))
"""
    assert call("swagger-petstore-3.1.json", tmp_path, echo, program, '{"sold":3}') == {"sold": 3}
    assert [(f"{each.verb} {each.target}", each.body) for each in echo.seen] == [
        (
            "POST /pet",
            b'{"category":{"id":1,"name":"dogs"},"name":"Rex","photoUrls":["https://a.example/1"],"status":"available"}',
        ),
        ("GET /pet/findByStatus?status=available&status=sold", b""),
        ("DELETE /pet/7", b""),
        ("GET /store/inventory", b""),
        ("POST /user/createWithList", b'[{"username":"joe"},{"username":"ann","userStatus":1}]'),
        ("PUT /user/joe", b'{"username":"joanna"}'),
    ]
    assert echo.seen[2].headers["api_key"] == "special"
    assert echo.seen[0].headers["authorization"] == "Bearer om_live_a"


@pytest.mark.slow
def test_calls_of_azure_openai(tmp_path: Path, echo: Echo) -> None:
    program = """
api = om.DefaultApi(client)
for given in ("one text", ["two", "texts"]):
    api.embeddings_create("ada", api_version="2024-10-21", input=given)
answer = api.chat_completions_create(
    "gpt-4o",
    api_version="2024-10-21",
    stop="END",
    tool_choice="auto",
    messages=[
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
    ],
)
print(json.dumps([type(answer).__name__, answer.usage.total_tokens, answer.choices[0].message.content]))
"""
    answer = (
        '{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"finish_reason":"stop",'
        '"message":{"role":"assistant","content":"Hi"}}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}'
    )
    found = call("azure-openai.json", tmp_path, echo, program, answer)
    assert found == ["CreateChatCompletionResponse", 10, "Hi"]
    assert [(each.target, json.loads(each.body)) for each in echo.seen] == [
        ("/deployments/ada/embeddings?api-version=2024-10-21", {"input": "one text"}),
        ("/deployments/ada/embeddings?api-version=2024-10-21", {"input": ["two", "texts"]}),
        (
            "/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
            {
                "stop": "END",
                "tool_choice": "auto",
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
                ],
            },
        ),
    ]
