"""What usual mistakes are told, before anything is sent: what is wrong, where and what to do, in callers' words."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from openmonetize import (
    ApiAttributeError,
    ApiClient,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    Configuration,
    CreditsApi,
    OpenApiException,
    OpenMonetize,
)
from openmonetize.sandbox import Sandbox

from .mistakes import KEY, MISTAKES, NOWHERE, Objects


@pytest.fixture(scope="module")
def objects() -> Iterator[Objects]:
    client = ApiClient(Configuration(NOWHERE, {"bearerAuth": KEY}))
    with OpenMonetize(KEY, NOWHERE) as om, Sandbox() as sandbox:
        yield Objects(om, client, sandbox)


@pytest.fixture
def om(objects: Objects) -> Any:
    return objects.om


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    monkeypatch.delenv("OPENMONETIZE_BASE_URL", raising=False)


@pytest.mark.parametrize(("mistake", "told"), MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_mistake_is_told(mistake: Callable[[Objects], object], told: str, objects: Objects) -> None:
    with pytest.raises(OpenApiException) as caught:
        mistake(objects)
    assert isinstance(caught.value, (ApiTypeError, ApiValueError, ApiKeyError, ApiAttributeError))
    assert told in str(caught.value)
    assert KEY not in str(caught.value)


def test_an_error_within_a_function_is_left_as_it_is(om: Any) -> None:
    def broken() -> None:
        raise TypeError("broken() got an unexpected keyword argument 'x'")

    metered = om.metered(feature_id="f", user_id="u", on_outage="allow")(broken)
    with pytest.raises(TypeError, match=r"^broken") as caught:
        metered()
    assert not isinstance(caught.value, OpenApiException)


def test_signatures_are_those_of_the_arguments(om: Any) -> None:
    assert str(inspect.signature(om.flush)) == "(timeout: 'float' = 10.0) -> 'FlushResult'"
    assert list(inspect.signature(om.track_custom_event).parameters)[:3] == ["unit_type", "quantity", "user_id"]
    assert inspect.signature(om.track_custom_event).parameters["quantity"].default is inspect.Parameter.empty
    for function in (OpenMonetize, Configuration, ApiClient, om.track, om.track_token_usage, CreditsApi.grant):
        assert not {"surplus", "unknown"} & set(inspect.signature(function).parameters)
    assert om.flush.__name__ == "flush"
    assert CreditsApi.grant.__name__ == "v1_credits_grant_post"


def test_settings_of_other_clients_can_still_be_assigned() -> None:
    configuration: Any = Configuration(NOWHERE)
    for name in ("api_key_prefix", "username", "client_side_validation", "server_index", "logger_file"):
        setattr(configuration, name, "x")
        assert getattr(configuration, name) == "x"


def test_nothing_is_compared_with_names_unless_there_is_a_mistake() -> None:
    program = (
        "import sys\n"
        "from openmonetize import OpenMonetize\n"
        f"om = OpenMonetize({KEY!r}, {NOWHERE!r})\n"
        "om.track_api_call(user_id='acme-user', feature_id='f')\n"
        "om.credits.grant\n"
        "print('difflib' in sys.modules)\n"
        "om.close(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True, timeout=30)
    assert done.stdout == "False\n"
