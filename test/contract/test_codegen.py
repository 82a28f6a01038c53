"""Regeneration is reproducible, follows the contract, and does not change hand-written files."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from .contract import ROOT, spec
from .echo import Echo

pytestmark = pytest.mark.slow

GENERATE = ROOT / "codegen" / "generate.py"
PAGE = "<!-- Generated from openapi.yaml"

NOTES = {
    "type": "object",
    "description": "A note to keep.",
    "properties": {
        "noteText": {"type": "string", "description": 'Its text, with "quotes" and a back\\slash.', "minLength": 1},
        "noteKind": {"type": "string", "description": "Its kind.", "enum": ["SHORT", "LONG"]},
        "dueAt": {"type": "string", "format": "date-time", "description": "When it is due (UTC).", "nullable": True},
        "tags": {"type": "array", "description": "Its tags.", "items": {"$ref": "#/components/schemas/NoteTag"}},
    },
    "required": ["noteText"],
    "example": {"noteText": "a", "noteKind": "SHORT", "dueAt": "2026-01-01T00:00:00.000Z", "tags": [{"tagName": "x"}]},
}
TAG = {
    "type": "object",
    "description": "A tag of a note.",
    "properties": {"tagName": {"type": "string", "description": "Its name."}},
    "required": ["tagName"],
    "example": {"tagName": "x"},
}
NOTE = {
    "type": "object",
    "description": "A note that is kept.",
    "x-om-alias": "Note",
    "properties": {"id": {"type": "string", "description": "Its id."}, "class": {"type": "string", "description": "."}},
    "required": ["id"],
    "example": {"id": "n1", "class": "c"},
}


def answer(schema: Any, example: Any) -> dict[str, Any]:
    return {"description": "The answer.", "content": {"application/json": {"schema": schema, "example": example}}}


def changed_contract() -> dict[str, Any]:
    """Return a copy of the contract with a change of each kind that maintainers make."""
    contract: dict[str, Any] = copy.deepcopy(spec())
    components = contract["components"]["schemas"]
    # A new tag, with an operation without an alias, one with it, and one that answers with a bare list.
    contract["tags"].append({"name": "Notes", "description": "Notes of a user."})
    components.update(V1NotesPostRequest=NOTES, NoteTag=TAG, V1NotesPost200Response=NOTE)
    user = {"name": "userId", "in": "path", "required": True, "description": "Whose.", "schema": {"type": "string"}}
    order = {
        "name": "sortOrder",
        "in": "query",
        "description": "Which first.",
        "schema": {"type": "string", "enum": ["NEW", "OLD"]},
    }
    about = {"tags": ["Notes"], "description": "About notes."}
    contract["paths"]["/v1/users/{userId}/notes"] = {
        "post": {
            **about,
            "operationId": "v1_users_user_id_notes_post",
            "summary": "Keep a note",
            "parameters": [user, order],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/V1NotesPostRequest"}}},
            },
            "responses": {"200": answer({"$ref": "#/components/schemas/V1NotesPost200Response"}, NOTE["example"])},
        },
        "get": {
            **about,
            "operationId": "v1_users_user_id_notes_get",
            "summary": "List the notes",
            "x-om-alias": "list",
            "security": [],
            "parameters": [user, {**order, "required": True}],
            "responses": {"200": answer({"type": "array", "items": {"type": "string"}}, ["a"])},
        },
    }
    # A new value of an enumeration, a renamed field, an alias that is gone.
    components["CustomerTier"]["enum"].append("UNLIMITED")
    me = components["V1CustomersMeGet200ResponseData"]
    me["properties"]["displayName"] = me["properties"].pop("name")
    me["required"] = ["displayName" if name == "name" else name for name in me["required"]]
    del contract["paths"]["/v1/customers/me"]["get"]["x-om-alias"]
    # A removed operation, the only one of its tag, with its components.
    del contract["paths"]["/v1/demo/generate"]
    contract["tags"] = [tag for tag in contract["tags"] if tag["name"] != "Demo"]
    for name in [name for name in components if name.startswith("V1Demo")]:
        del components[name]
    return contract


class GeneratedTree(NamedTuple):
    """A directory with generated files, and its files before."""

    tree: Path
    before: dict[str, bytes]


def files(tree: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(tree)): path.read_bytes()
        for path in sorted(tree.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


def generate(target: Path, contract: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(GENERATE), "--spec", str(contract), "--target", str(target), "--without-types"],
        cwd=target,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    pytest.importorskip("jinja2", reason="jinja2 is not installed: pip install --group codegen")
    if not (Path(sys.executable).parent / "ruff").exists() and shutil.which("ruff") is None:
        pytest.skip("ruff is not installed: pip install --group codegen")


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> GeneratedTree:
    """Generate from the contract as it is into an empty tree."""
    tree = tmp_path_factory.mktemp("unchanged")
    done = generate(tree, ROOT / "openapi.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return GeneratedTree(tree, {})


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> GeneratedTree:
    """Generate from a changed contract into a copy of this tree."""
    tree = tmp_path_factory.mktemp("changed") / "copy"
    tree.mkdir()
    for folder in ("openmonetize", "docs"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "openmonetize" / "mine.py").write_text("by hand\n")
    (tree / "docs" / "mine.md").write_text("# By hand, and not Generated from openapi.yaml\n")
    contract = tree / "changed.yaml"
    contract.write_text(yaml.safe_dump(changed_contract(), sort_keys=False))
    before = files(tree)
    done = generate(tree, contract)
    assert done.returncode == 0, done.stdout + done.stderr
    return GeneratedTree(tree, before)


def is_generated(name: str, content: bytes) -> bool:
    return (
        name.startswith(("openmonetize/api/", "openmonetize/models/"))
        or name in ("openmonetize/_exports.py", "openmonetize/_servers.py", "openmonetize/client/apis.py")
        or (name.startswith("docs/") and content.startswith(PAGE.encode()))
    )


def test_the_committed_files_are_what_the_contract_says(unchanged: GeneratedTree) -> None:
    committed = {
        f"{folder}/{name}": content
        for folder in ("openmonetize", "docs")
        for name, content in files(ROOT / folder).items()
        if is_generated(f"{folder}/{name}", content)
    }
    found = files(unchanged.tree)
    assert set(found) == set(committed)
    assert [name for name in found if found[name] != committed[name]] == []


def test_a_second_run_offline_and_elsewhere_gives_the_same_bytes(
    unchanged: GeneratedTree, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = tmp_path_factory.mktemp("again")
    done = generate(
        tree,
        ROOT / "openapi.yaml",
        PYTHONHASHSEED="7",
        TZ="Asia/Kathmandu",
        LC_ALL="C",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert files(tree) == files(unchanged.tree)


def test_no_hand_written_file_is_touched(changed: GeneratedTree) -> None:
    by_hand = {name: content for name, content in changed.before.items() if not is_generated(name, content)}
    after = {name: content for name, content in files(changed.tree).items() if not is_generated(name, content)}
    assert {"openmonetize/mine.py", "docs/mine.md", "docs/architecture.md", "openmonetize/__init__.py"} <= set(by_hand)
    assert after == by_hand


def test_removed_operations_leave_no_files(changed: GeneratedTree) -> None:
    gone = set(changed.before) - set(files(changed.tree))
    assert {"openmonetize/api/demo_api.py", "docs/DemoApi.md", "docs/V1DemoGeneratePostRequest.md"} <= gone
    assert all("demo" in name.lower() for name in gone)
    new = set(files(changed.tree)) - set(changed.before)
    assert new == {
        "openmonetize/api/notes_api.py",
        "openmonetize/models/note_tag.py",
        "openmonetize/models/v1_notes_post200_response.py",
        "openmonetize/models/v1_notes_post_request.py",
        "docs/NotesApi.md",
        "docs/NoteTag.md",
        "docs/V1NotesPost200Response.md",
        "docs/V1NotesPostRequest.md",
    }


def test_only_what_changed_is_changed(changed: GeneratedTree) -> None:
    after = files(changed.tree)
    different = {name for name in changed.before if name in after and after[name] != changed.before[name]}
    assert different == {
        "openmonetize/_exports.py",
        "openmonetize/api/__init__.py",
        "openmonetize/api/customers_api.py",
        "openmonetize/client/apis.py",
        "openmonetize/models/__init__.py",
        "openmonetize/models/customer_tier.py",
        "openmonetize/models/v1_customers_me_get200_response_data.py",
        "docs/CustomerTier.md",
        "docs/CustomersApi.md",
        "docs/V1CustomersMeGet200ResponseData.md",
        "docs/V1CustomersRegisterPost201ResponseData.md",
        "docs/V1CustomersRegisterPostRequest.md",
    }


PROGRAM = """
import json, sys, warnings
warnings.simplefilter("error")
import openmonetize as om
assert om.__file__.startswith(sys.argv[2]), om.__file__
found = {}
config = om.Configuration(host=sys.argv[1], api_key={"bearerAuth": "om_key"}, retries=0)
notes = om.NotesApi(om.ApiClient(config))
answer = notes.v1_users_user_id_notes_post(
    "u/1", sort_order="OLD", note_text="a", due_at=None, tags=[om.NoteTag(tag_name="x"), {"tagName": "y"}]
)
found["answer"] = [type(answer).__name__, answer.id, json.loads(answer.to_json())]
with om.OpenMonetize(configuration=config) as client:
    found["attribute"] = [type(client.notes).__name__, hasattr(client, "demo")]
found["short"] = [om.Note is om.V1NotesPost200Response, repr(om.Note(id="n1")).partition("(")[0]]
found["aliases"] = sorted(name for name in vars(om.NotesApi) if not name.startswith(("_", "v1_")))
for name, call in {
    "query enum": lambda: notes.v1_users_user_id_notes_post("u", "NONE", note_text="a"),
    "query missing": lambda: notes.list("u"),
    "no list": lambda: notes.list("u", "NEW"),
    "body enum": lambda: om.V1NotesPostRequest(note_text="a", note_kind="MEDIUM"),
    "nested": lambda: om.V1NotesPostRequest(note_text="a", tags=[{"tagNam": "x"}]),
    "old field": lambda: om.V1CustomersRegisterPostRequest(name="n", email="e@x.example", tier="UNKNOWN"),
}.items():
    try:
        call()
    except om.OpenApiException as error:
        found[name] = str(error)
found["tier"] = om.V1CustomersRegisterPostRequest(name="n", email="e@x.example", tier="UNLIMITED").tier
me = om.V1CustomersMeGet200ResponseData.from_json('{"displayName": "d", "name": "kept"}')
found["renamed"] = [me.display_name, me.name, json.loads(me.to_json())]
found["me"] = hasattr(om.CustomersApi, "me"), hasattr(om.CustomersApi, "v1_customers_me_get")
found["gone"] = [name for name in ("DemoApi", "V1DemoGeneratePostRequest") if hasattr(om, name) or name in dir(om)]
for name in om.__all__:
    getattr(om, name)
print(json.dumps(found))
"""


def run(program: str, url: str, tree: Path) -> Any:
    """Run a program with a generated client, and return what it prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", program, url, str(tree)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_changed_client_is_imported_and_called(changed: GeneratedTree, echo: Echo) -> None:
    echo.answer(200, b'{"id":"n1","class":"c","more":1}', "application/json")
    found = run(PROGRAM, echo.url, changed.tree)
    post, get = echo.seen
    assert (post.verb, post.target) == ("POST", "/v1/users/u%2F1/notes?sortOrder=OLD")
    assert json.loads(post.body) == {"noteText": "a", "dueAt": None, "tags": [{"tagName": "x"}, {"tagName": "y"}]}
    assert post.headers["authorization"] == "Bearer om_key"
    assert (get.verb, get.target, get.headers.get("authorization")) == ("GET", "/v1/users/u/notes?sortOrder=NEW", None)
    assert found["answer"] == ["Note", "n1", {"id": "n1", "class": "c", "more": 1}]
    assert "is not the expected List[str]: List[str]: should be a valid array" in found["no list"]
    assert found["attribute"] == ["NotesApi", False]
    assert found["short"] == [True, "Note"]
    assert found["aliases"] == ["list"]
    assert "sort_order must be one of 'NEW', 'OLD', not 'NONE'" in found["query enum"]
    assert "sort_order is missing" in found["query missing"]
    assert "note_kind should be 'SHORT' or 'LONG'" in found["body enum"]
    assert "unknown field 'tags.0.tagNam': did you mean 'tag_name'?" in found["nested"]
    assert "tier should be" in found["old field"]
    assert found["tier"] == "UNLIMITED"
    assert found["renamed"] == ["d", "kept", {"displayName": "d", "name": "kept"}]
    assert found["me"] == [False, True]
    assert found["gone"] == []


UNSERVED = """
import json
from openmonetize.sandbox.unserved import unserved_operations
print(json.dumps(unserved_operations()))
"""


def test_the_sandbox_says_what_it_does_not_serve_yet(changed: GeneratedTree) -> None:
    pytest.importorskip("werkzeug", reason="werkzeug is not installed: pip install 'openmonetize[sandbox]'")
    assert run(UNSERVED, "", changed.tree) == ["GET /v1/users/{userId}/notes", "POST /v1/users/{userId}/notes"]


def test_the_tables_of_a_readme_are_replaced_and_nothing_else(tmp_path: Path) -> None:
    names = ("classes", "operations", "models")
    kept = "# By hand\n" + "".join(f"<!-- generated: {name} -->\nold\n<!-- end -->\nkept\n" for name in names)
    (tmp_path / "README.md").write_text(kept)
    assert generate(tmp_path, ROOT / "openapi.yaml").returncode == 0
    text = (tmp_path / "README.md").read_text()
    assert re.sub(r"(<!-- generated: \w+ -->\n).*?<!-- end -->", r"\1old\n<!-- end -->", text, flags=re.S) == kept
    assert "old" not in text
    assert "`CreditsApi`" in text
    assert "docs/CreditsApi.md#v1_credits_grant_post" in text
    assert "- [HealthGet200Response](docs/HealthGet200Response.md), `Health`\n" in text


def test_a_readme_without_a_place_for_a_table_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# By hand\n<!-- generated: classes -->\n<!-- end -->\n")
    done = generate(tmp_path, ROOT / "openapi.yaml")
    assert done.returncode == 1
    assert done.stderr == "README.md lacks <!-- generated: operations -->, or <!-- end --> below it\n"
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


LIST = """
import json, sys
import openmonetize as om
config = om.Configuration(host=sys.argv[1], api_key={"bearerAuth": "om_key"}, retries=0)
print(json.dumps(om.NotesApi(om.ApiClient(config)).list("u", "NEW")))
"""


def test_a_list_is_read_as_one(changed: GeneratedTree, echo: Echo) -> None:
    echo.answer(200, b'["a","b"]', "application/json")
    assert run(LIST, echo.url, changed.tree) == ["a", "b"]


def test_a_broken_contract_changes_nothing(tmp_path: Path) -> None:
    contract = tmp_path / "broken.yaml"
    contract.write_text("openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: {/a: {get: {responses: {}}}}\n")
    package = tmp_path / "openmonetize" / "api"
    package.mkdir(parents=True)
    (package / "old_api.py").write_text("# still here\n")
    before = files(tmp_path)
    done = generate(tmp_path, contract)
    assert done.returncode != 0
    assert done.stderr.strip()
    assert files(tmp_path) == before


def test_unsupported_parts_of_a_contract_are_refused(tmp_path: Path) -> None:
    contract = changed_contract()
    notes = contract["paths"]["/v1/users/{userId}/notes"]
    notes["parameters"] = [{"name": "trace", "in": "cookie", "schema": {"type": "string"}}]
    session = {"name": "sid", "in": "cookie", "schema": {"type": "string"}}
    contract["components"]["parameters"]["Session"] = session
    notes["get"]["parameters"].append({"$ref": "#/components/parameters/Session"})
    form = {"schema": {"type": "object", "properties": {"noteText": {"type": "string"}}}}
    notes["post"]["requestBody"]["content"] = {"application/x-www-form-urlencoded": form}
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(contract, sort_keys=False))
    done = generate(tmp_path, changed)
    assert done.returncode != 0
    assert [line.partition(": ")[2] for line in done.stderr.splitlines()] == [
        "GET /v1/users/{userId}/notes: parameter trace: in cookie is not supported; path, query and header are",
        "GET /v1/users/{userId}/notes: parameter sid: in cookie is not supported; path, query and header are",
        "POST /v1/users/{userId}/notes: parameter trace: in cookie is not supported; path, query and header are",
        "POST /v1/users/{userId}/notes: body: content application/x-www-form-urlencoded is not supported; "
        "application/json is",
    ]
    assert files(tmp_path) == {"changed.yaml": changed.read_bytes()}


def test_a_short_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    contract = changed_contract()
    components = contract["components"]["schemas"]
    for name, alias in [
        ("NoteTag", "Note"),
        ("V1NotesPostRequest", "NoteTag"),
        ("V1UsersCreatePostRequest", "NotesApi"),
        ("V1CreditsGrantPostRequest", "Usage"),
        ("V1CreditsPurchasePostRequest", "a sale"),
    ]:
        components[name] = {**components[name], "x-om-alias": alias}
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(contract, sort_keys=False))
    done = generate(tmp_path, changed)
    assert done.returncode != 0
    assert sorted(line.partition(": ")[2] for line in done.stderr.splitlines()) == [
        "V1CreditsGrantPostRequest: the alias Usage is already a hand-written export of openmonetize",
        "V1CreditsPurchasePostRequest: the alias 'a sale' is not a Python name",
        "V1NotesPost200Response: the alias Note is already the alias of NoteTag",
        "V1NotesPostRequest: the alias NoteTag is already a schema",
        "V1UsersCreatePostRequest: the alias NotesApi is already an API class",
    ]
    assert files(tmp_path) == {"changed.yaml": changed.read_bytes()}


def test_a_tag_that_is_named_like_a_method_of_the_client_is_refused(tmp_path: Path) -> None:
    contract = changed_contract()
    contract["tags"].append({"name": "Context", "description": "Contexts."})
    changed = tmp_path / "changed.yaml"
    changed.write_text(yaml.safe_dump(contract, sort_keys=False))
    done = generate(tmp_path, changed)
    assert done.returncode != 0
    assert done.stderr.splitlines() == ["changed.yaml: tag Context: OpenMonetize has a method context"]
    assert files(tmp_path) == {"changed.yaml": changed.read_bytes()}
