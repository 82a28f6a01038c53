"""Schemathesis against the sandbox: whatever is sent, the answer is one that the contract documents.

Valid and invalid data for every operation of a view of `openapi.yaml`, in both eras: no 500, no undocumented status, no
answer that does not fit its schema, and nothing invalid is taken. What is generated is the same in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from .talk import Talk

schemathesis = pytest.importorskip("schemathesis")
requests = pytest.importorskip("requests")
yaml = pytest.importorskip("yaml")

_FILE = Path(__file__).parents[2] / "openapi.yaml"

_NOT_CHECKED = (
    # A method that a path does not have is answered 404, as on the platform.
    "unsupported_method",
    # The contract serves both eras, and each refuses more than it does: offsets in times (present) and ids that are no
    # UUIDs (seed), a price of 0, addresses that no mail server takes, and users and models that do not exist.
    "positive_data_acceptance",
    # Sends each request twice more; that a key is asked for is tested elsewhere.
    "ignored_auth",
)
_NOT_CHECKED_IN_THE_SEED_ERA = (
    *_NOT_CHECKED,
    # That era converts: the text "5" is a number to it, and null is 0 or "".
    "negative_data_rejection",
)
_ONLY_PRESENT = ("/v1/customers/rotate-key", "/v1/events", "/v1/users")
"""The seed era answers 404 here, where the contract documents none."""

_bounded = settings(
    max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def _contract(left_out: tuple[str, ...] = ()) -> Any:
    """The contract without the wildcard paths, which document nothing, and without `left_out`."""
    contract = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for path in list(contract["paths"]):
        if "*" in path or path.endswith("/") or path in left_out:
            del contract["paths"][path]
    return contract


def _contract_of_the_present() -> Any:
    """What the present era takes although the contract refuses it is no invalid data to it."""
    contract = _contract()
    schemas = contract["components"]["schemas"]
    for name, schema in schemas.items():
        if name.endswith("Request"):
            if "customerId" in schema["properties"]:  # the customer is the key's; what stands here is not read
                schema["properties"]["customerId"] = {}
            if "amount" in schema["properties"]:  # a double: 2^53 + 1 is read as 2^53
                del schema["properties"]["amount"]["maximum"]
    for name in ("unit_type", "quantity"):  # a custom event without them costs nothing
        schemas["CustomEvent"]["required"].remove(name)
    return contract


def _view(contract: Any, not_checked: tuple[str, ...], systematic: bool) -> Any:
    """`systematic` adds every bound and every wrong type of every field to the random data."""
    config = {
        "checks": {name: {"enabled": False} for name in not_checked},
        "phases": {"coverage": {"enabled": systematic, "unexpected-methods": []}},
    }
    return schemathesis.openapi.from_dict(contract, config=schemathesis.Config.from_dict(config))


_present = _view(_contract_of_the_present(), _NOT_CHECKED, systematic=True)
_seed = _view(_contract(_ONLY_PRESENT), _NOT_CHECKED_IN_THE_SEED_ERA, systematic=False)


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """Connections that are kept open from request to request."""
    with requests.Session() as open_session:
        yield open_session


def _exchange(case: Any, talk: Talk, session: Any) -> None:
    """Send the request with the development account's key; what comes back has to fit the contract."""
    case.validate_response(case.call(base_url=talk.sandbox.url, headers={"X-API-Key": talk.key}, session=session))


@_present.parametrize()
@_bounded
def test_the_present_era_answers_by_the_contract(case: Any, talk: Talk, session: Any) -> None:
    _exchange(case, talk, session)


@_seed.parametrize()
@_bounded
def test_the_seed_era_answers_by_the_contract(case: Any, seed: Talk, session: Any) -> None:
    _exchange(case, seed, session)
