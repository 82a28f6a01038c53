"""The generated files: marked as such, short, and readable by the oldest Python."""

from __future__ import annotations

import ast
import importlib
import pickle
import re
from pathlib import Path
from typing import Literal, get_origin

import pytest

import openmonetize
import openmonetize.models
from openmonetize import ApiClient, Configuration, OpenMonetize
from openmonetize._exports import APIS, MODEL_ALIASES, MODELS
from openmonetize.client.apis import Apis

from .contract import ROOT, aliases, components, operations, served_by, spec

PACKAGE = ROOT / "openmonetize"
MARK = "Generated from openapi.yaml"
MODULES = [PACKAGE / name for name in ("_exports.py", "_servers.py", "client/apis.py")]
GENERATED = sorted([*PACKAGE.glob("api/*.py"), *PACKAGE.glob("models/*.py"), *MODULES])


def lines(paths: list[Path]) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def test_generated_code_is_short() -> None:
    assert lines(sorted(PACKAGE.glob("api/*.py"))) / len(operations()) <= 45
    assert lines(sorted(PACKAGE.glob("models/*.py"))) / len(components()) <= 30


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_generated_file_is_marked_and_is_plain_python(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.splitlines()[0] == f"# {MARK} by `make generate`; do not edit."
    assert ast.get_docstring(ast.parse(source, feature_version=(3, 9)))
    assert "&quot;" not in source
    assert "&lt;" not in source
    assert "{{" not in source


def test_no_other_file_is_marked_as_generated() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path not in GENERATED:
            assert MARK not in path.read_text(encoding="utf-8"), path


def test_every_name_is_exported_from_where_it_lives() -> None:
    assert set(APIS) == {operation.class_name for operation in operations()}
    assert set(MODELS) == set(components())
    for name, module in {**APIS, **MODELS}.items():
        found = getattr(openmonetize, name)
        assert found is getattr(importlib.import_module(module), name)
        assert get_origin(found) is Literal or found.__module__ == module
        assert (ROOT / Path(*module.split("."))).with_suffix(".py") in GENERATED


def test_a_short_name_is_the_same_class() -> None:
    assert {alias: MODELS[name] for alias, name in aliases().items()} == MODEL_ALIASES
    for alias, name in aliases().items():
        model = getattr(openmonetize, alias)
        assert model is getattr(openmonetize, name)
        assert model is getattr(openmonetize.models, alias)
        assert model.__name__ == alias
        assert repr(model.model_construct()).startswith(f"{alias}(")
        assert pickle.loads(pickle.dumps(model)) is model
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        assert f"\nIts short name is `{alias}`.\n" in page
        assert f"\nfrom openmonetize import {alias}, {name}\n" in page


def test_every_tag_has_its_attribute() -> None:
    client = ApiClient(Configuration("http://127.0.0.1:1", {"bearerAuth": "om_test"}))
    with OpenMonetize(configuration=client.configuration) as om:
        for tag in spec()["tags"]:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", tag["name"]).lower()
            kind = getattr(openmonetize, f"{tag['name']}Api")
            for found in (om, Apis(client)):
                assert type(getattr(found, name)) is kind
                assert getattr(found, name) is getattr(found, name)
                assert getattr(found, name).api_client is found.api_client
            assert getattr(Apis, name).__doc__ == tag["description"]
            assert getattr(Apis, name).fget.__annotations__["return"] == kind.__name__


def test_every_class_and_model_has_a_page() -> None:
    for name in (*APIS, *MODELS):
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        assert page.splitlines()[:2] == [f"<!-- {MARK} by `make generate`; do not edit. -->", f"# {name}"]
    for operation in operations():
        page = (ROOT / "docs" / f"{operation.class_name}.md").read_text(encoding="utf-8")
        assert f"\n## {operation.name}\n\n**{operation.verb}** `{operation.path}`" in page
        assert operation.node["summary"] in page
        assert f"Served by {served_by(operation)}." in page


def test_links_between_the_pages_lead_somewhere() -> None:
    for name in (*APIS, *MODELS):
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        for target in (part.partition(")")[0] for part in page.split("](")[1:]):
            if target.startswith("#"):
                assert f"\n## {target[1:]}\n" in page, target
            else:
                assert (ROOT / "docs" / target).exists(), target
