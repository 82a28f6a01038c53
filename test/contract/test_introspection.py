"""Models and API classes as notebooks and editors see them: through `inspect.signature` and `dir`."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from typing import Any

import pytest

import openmonetize
from openmonetize import ApiClient, Configuration, TokenUsageEvent, V1CreditsGrantPostRequest
from openmonetize._schema.model import ResponseModel

from .contract import ROOT, operations, schemas
from .echo import Echo

MODELS = sorted(name for name, of in schemas().items() if "oneOf" not in of)


@pytest.mark.parametrize("name", MODELS)
def test_a_signature_shows_the_fields_by_their_names_in_python(name: str) -> None:
    model = getattr(openmonetize, name)
    for _ in ("first", "after use"):
        parameters = dict(inspect.signature(model).parameters)
        unknown = parameters.pop("unknown", None)
        assert (unknown is not None) == issubclass(model, ResponseModel)
        assert list(parameters) == list(model.model_fields)
        for field, parameter in parameters.items():
            info = model.model_fields[field]
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
            assert (parameter.default is inspect.Parameter.empty) == info.is_required()
            assert "Annotated" not in str(parameter)
        model.model_rebuild(force=True)


def test_a_signature_reads_like_the_code() -> None:
    assert str(inspect.signature(openmonetize.Balance)) == (
        "(*, balance: Optional[int] = None, reserved_balance: Optional[int] = None, "
        "available_balance: Optional[int] = None, currency: Optional[str] = None, **unknown: Any)"
    )
    grant = inspect.signature(V1CreditsGrantPostRequest).parameters
    assert str(grant["amount"]) == "amount: int"
    assert str(inspect.signature(TokenUsageEvent).parameters["input_tokens"]) == "input_tokens: Optional[int] = None"


def test_a_signature_belongs_to_its_own_class() -> None:
    program = (
        "import inspect\n"
        "from openmonetize import TokenUsageEvent, CustomEvent\n"
        "from openmonetize.events.model import EventModel\n"
        "class Mine(TokenUsageEvent):\n"
        "    extra_fact: str = 'x'\n"
        "models = EventModel, TokenUsageEvent, Mine, CustomEvent\n"
        "for model in models: model.model_rebuild()\n"
        "print([len(inspect.signature(model).parameters) for model in models])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[0, 13, 14, 11]"


def names(api: Any) -> set[str]:
    return {name for name in dir(api) if not name.startswith("_")}


@pytest.mark.parametrize("class_name", sorted({operation.class_name for operation in operations()}))
def test_each_operation_is_listed_once(class_name: str) -> None:
    client = ApiClient(Configuration("http://127.0.0.1:1", {"bearerAuth": "om_test"}))
    api = getattr(openmonetize, class_name)(client)
    listed = {
        operation.node.get("x-om-alias", operation.name)
        for operation in operations()
        if operation.class_name == class_name
    }
    listed |= {
        f"iter_{operation.alias}"
        for operation in operations()
        if operation.class_name == class_name and "x-om-pages" in operation.node
    }
    assert names(api) == {"api_client", *listed}
    assert {"__init__", "__class__", "_call"} <= set(dir(api))
    for operation in operations():
        if operation.class_name == class_name:
            for hidden in ("", "_with_http_info", "_without_preload_content"):
                assert callable(getattr(api, operation.name + hidden))


def test_an_answer_can_be_pickled_and_leaves_the_key_behind(client: ApiClient, echo: Echo) -> None:
    echo.answer(200, b'{"data":{"balance":"7"}}', "application/json")
    response = openmonetize.CreditsApi(client).v1_credits_balance_get_with_http_info()
    pickled = pickle.dumps(response)
    assert b"om_test_contract" not in pickled
    twin = pickle.loads(pickled)
    assert (twin.data, twin.request_id) == (response.data, response.request_id)
