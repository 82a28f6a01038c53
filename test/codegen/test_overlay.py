"""An overlay changes a contract before it is read, by the actions of OpenAPI Overlay 1.0."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .generated import ROOT

yaml = pytest.importorskip("yaml")
sys.path.insert(0, str(ROOT / "codegen"))

from reading.overlay import lay_over  # noqa: E402
from reading.source import Problems, Source  # noqa: E402

CONTRACT = """
openapi: 3.0.3
tags: [one]
paths:
  /a: {get: {summary: A}, post: {summary: B}}
  /b: {get: {summary: C}}
"""


def laid_over(tmp_path: Path, *actions: Any, head: Any = None) -> tuple[Any, list[str]]:
    """Return the contract with these actions done, and what is wrong with them."""
    (tmp_path / "contract.yaml").write_text(CONTRACT)
    overlay = {"overlay": "1.0.0", "info": {"title": "T", "version": "1"}, "actions": list(actions)}
    (tmp_path / "overlay.yaml").write_text(yaml.safe_dump(head or overlay, sort_keys=False))
    problems = Problems()
    source = Source(tmp_path / "contract.yaml", problems)
    lay_over(source, tmp_path / "overlay.yaml")
    return json.loads(json.dumps(source.root().value)), problems.found


ALIAS = {"x-om-alias": "it"}


@pytest.mark.parametrize(
    ("target", "changed"),
    [
        ("$.paths['/a'].get", [("/a", "get")]),
        ("$['paths']['/a']['get']", [("/a", "get")]),
        ("$.paths['/a', '/b'].get", [("/a", "get"), ("/b", "get")]),
        ("$.paths.*.get", [("/a", "get"), ("/b", "get")]),
        ("$.paths[*][*]", [("/a", "get"), ("/a", "post"), ("/b", "get")]),
        ("$.paths['/a', '/nowhere'].post", [("/a", "post")]),
        ("$..get", [("/a", "get"), ("/b", "get")]),
        ("$..['get', 'post']", [("/a", "get"), ("/a", "post"), ("/b", "get")]),
        ("$.paths['/a'][?@.summary=='B']", [("/a", "post")]),
        ("$..[?@.summary == 'C']", [("/b", "get")]),
    ],
)
def test_an_update_is_merged_into_what_its_target_leads_to(
    tmp_path: Path, target: str, changed: list[tuple[str, str]]
) -> None:
    found, problems = laid_over(tmp_path, {"target": target, "description": "Why.", "update": ALIAS})
    expected = yaml.safe_load(CONTRACT)
    for path, verb in changed:
        expected["paths"][path][verb].update(ALIAS)
    assert (found, problems) == (expected, [])


def test_actions_are_done_in_their_order_and_see_each_other(tmp_path: Path) -> None:
    found, problems = laid_over(
        tmp_path,
        {"target": "$", "update": {"paths": {"/c": {"get": {"summary": "D"}}}, "tags": ["two"]}},
        {"target": "$.paths['/b']", "remove": True},
        {"target": "$.paths.*.get", "update": {"parameters": [{"name": "first"}]}},
        {"target": "$.paths['/c'].get", "update": {"parameters": [{"name": "second"}], "summary": "E"}},
        {"target": "$.paths['/c'].get.parameters[*]", "update": {"in": "query"}},
    )
    assert problems == []
    assert found == {
        "openapi": "3.0.3",
        "tags": ["one", "two"],
        "paths": {
            "/a": {"get": {"summary": "A", "parameters": [{"name": "first"}]}, "post": {"summary": "B"}},
            "/c": {
                "get": {
                    "summary": "E",
                    "parameters": [{"name": "first", "in": "query"}, {"name": "second", "in": "query"}],
                }
            },
        },
    }


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"target": "$.paths['/z'].get", "update": ALIAS}, "target $.paths['/z'].get leads to nothing in the contract"),
        (
            {"target": "$..*", "update": ALIAS},
            "target $..*: only names, lists of names, *, .. and [?@.name=='text'] are",
        ),
        ({"target": "$.paths[?@.get]", "update": ALIAS}, "target $.paths[?@.get]: only names, lists of names, *"),
        ({"target": "paths", "update": ALIAS}, "target paths: only names, lists of names, *"),
        ({"update": ALIAS}, "target : only names"),
        ({"target": "$.paths"}, "target $.paths: give either an update or remove: true"),
        ({"target": "$.paths", "remove": True, "update": {}}, "target $.paths: give either an update or remove"),
        ({"target": "$", "remove": True}, "target $: the whole contract can be neither removed nor replaced"),
        ({"target": "$", "update": "text"}, "target $: the whole contract can be neither removed nor replaced"),
        ({"target": "$.paths", "update": {"/z": {"get": ALIAS}}}, "target $.paths: /z is not in the contract"),
        ({"target": "$.paths", "update": {"/a": {"put": ALIAS}}}, "target $.paths: /a.put is not in the contract"),
        ({"target": "$.paths", "copy": "$.tags"}, "copy is not supported"),
        ({"target": 7, "update": {}}, "target must be text, not 7"),
        ("text", "an action must be an object, not 'text'"),
    ],
    ids=str,
)
def test_what_an_action_does_not_say_plainly_is_refused(tmp_path: Path, action: Any, message: str) -> None:
    found, problems = laid_over(tmp_path, action)
    assert found == yaml.safe_load(CONTRACT)
    assert any(line.startswith("overlay.yaml") and message in line for line in problems), problems


def test_a_file_that_is_no_overlay_is_refused(tmp_path: Path) -> None:
    for head in ({"openapi": "3.0.3"}, {"overlay": "2.0.0"}, {"overlay": "1.0.0", "actions": {}}, ["overlay"]):
        assert laid_over(tmp_path, head=head)[1], head


def test_problems_in_what_was_laid_over_name_the_overlay(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(
        "overlay: 1.0.0\nactions:\n  - target: $.paths['/health'].get\n    update:\n      x-om-allias: health\n"
    )
    command = [sys.executable, str(ROOT / "codegen" / "generate.py"), "--target", str(tmp_path)]
    pytest.importorskip("jinja2", reason="jinja2 is not installed: pip install --group codegen")
    done = subprocess.run(
        [*command, "--overlay", str(overlay)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "mine.yaml:5: GET /health: x-om-allias is not supported" in done.stderr
    assert not (tmp_path / "openmonetize").exists()
