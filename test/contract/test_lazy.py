"""`import openmonetize` takes almost no time, and all names can be imported from it."""

from __future__ import annotations

import copy
import inspect
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import openmonetize
import openmonetize.api
import openmonetize.models
from openmonetize import _exports
from openmonetize.rest import RESTClient, RESTResponse

from .contract import ROOT, aliases, components

HEAVY = ("pydantic", "urllib3", "dateutil", "typing_extensions", "werkzeug", "rich", "yaml", "ssl", "json", "asyncio")


def run(program: str, *options: str) -> str:
    return subprocess.run(
        [sys.executable, *options, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def loaded_by(statement: str) -> list[str]:
    """Return the modules that the statement imports in a new process."""
    program = (
        "import sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "loaded = sorted(set(sys.modules) - before)\n"
        "import json; print(json.dumps(loaded))"
    )
    found: list[str] = json.loads(run(program))
    return found


def test_importing_the_package_imports_no_heavy_modules() -> None:
    loaded = loaded_by("import openmonetize; dir(openmonetize); openmonetize.__version__")
    assert [name for name in loaded if name.split(".")[0] in HEAVY] == []
    assert [name for name in loaded if name.startswith("openmonetize")] == [
        "openmonetize",
        "openmonetize._exports",
        "openmonetize._schema",
        "openmonetize._schema.resolver",
        "openmonetize._version",
    ]


def test_importing_a_name_imports_only_what_it_needs() -> None:
    loaded = loaded_by("from openmonetize import Configuration")
    assert not {"pydantic", "urllib3", "openmonetize._http.client"} & set(loaded)
    loaded = loaded_by("from openmonetize import ApiException")
    assert not {"pydantic", "urllib3"} & set(loaded)
    loaded = loaded_by("from openmonetize import CreditsApi, ApiClient")
    assert "urllib3" in loaded
    assert [name for name in loaded if name.startswith("openmonetize.models.")] == []
    loaded = loaded_by("from openmonetize import TokenUsageEvent")
    assert "urllib3" not in loaded
    assert [name for name in loaded if name.startswith("openmonetize.models.")] == [
        "openmonetize.models.token_usage_event"
    ]


def test_every_name_is_importable_without_a_warning() -> None:
    program = (
        "import openmonetize, openmonetize.models, openmonetize.api\n"
        "for name in openmonetize.__all__: assert getattr(openmonetize, name) is not None, name\n"
        "for package in (openmonetize.models, openmonetize.api):\n"
        "    for name in dir(package): assert getattr(package, name) is getattr(openmonetize, name), name\n"
        "for name in dir(openmonetize.models):\n"
        "    model = getattr(openmonetize, name)\n"
        "    if hasattr(model, 'model_rebuild'): model.model_rebuild(force=True)\n"
        "from openmonetize import *\n"
        "print(TokenUsageEvent.__name__)"
    )
    assert run(program, "-W", "error").strip() == "TokenUsageEvent"


@pytest.mark.parametrize("module", [openmonetize, openmonetize.models, openmonetize.api], ids=lambda m: m.__name__)
def test_a_module_lists_its_names(module: ModuleType) -> None:
    names = dir(module)
    assert names == sorted(names)
    expected = {
        "openmonetize": {"__version__", "ApiClient", "Configuration", *_exports.MODULES},
        "openmonetize.models": {*components(), *aliases()},
        "openmonetize.api": set(_exports.APIS),
    }[module.__name__]
    assert expected <= set(names)
    if module is not openmonetize:
        assert expected == set(names)


@pytest.mark.parametrize("module", [openmonetize, openmonetize.models, openmonetize.api], ids=lambda m: m.__name__)
def test_an_unknown_name_is_an_attribute_error(module: Any) -> None:
    with pytest.raises(AttributeError, match=f"module '{module.__name__}' has no attribute 'TokenUsage'"):
        module.TokenUsage
    assert not hasattr(module, "__wrapped__")
    assert getattr(module, "nothing", None) is None


def test_a_class_names_the_public_module_that_it_is_found_in() -> None:
    classes = {getattr(openmonetize, name) for name in openmonetize.__all__ if name != "__version__"}
    classes = {kind for kind in classes if inspect.isclass(kind)} | {RESTClient, RESTResponse}
    assert len(classes) > 100
    for kind in classes:
        assert "._" not in kind.__module__, kind
        assert getattr(import_module(kind.__module__), kind.__name__) is kind
        assert pickle.loads(pickle.dumps(kind)) is kind


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_settings_and_unset_can_be_copied(copied: Callable[[Any], Any]) -> None:
    policy = openmonetize.RetryPolicy(attempts=2)
    assert copied(policy) == policy
    assert copied(openmonetize.UNSET) is openmonetize.UNSET


def test_a_model_is_the_same_class_from_every_module() -> None:
    from openmonetize.api.credits_api import CreditsApi
    from openmonetize.models import TokenUsageEvent
    from openmonetize.models.token_usage_event import TokenUsageEvent as Deep

    assert TokenUsageEvent is Deep is openmonetize.TokenUsageEvent
    assert CreditsApi is openmonetize.CreditsApi is openmonetize.api.CreditsApi
