"""Schemathesis against the sandbox: every response is one that the contract documents.

It sends valid and invalid data to every operation of `openapi.yaml`, in both eras: there is no 500, no undocumented
status, no response that does not fit its schema, and invalid data is refused. The data is the same in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from .client import SandboxClient

schemathesis = pytest.importorskip("schemathesis")
requests = pytest.importorskip("requests")
yaml = pytest.importorskip("yaml")

_FILE = Path(__file__).parents[2] / "openapi.yaml"

_NOT_CHECKED = (
    # The response to a method that a path does not have is 404, as on the platform.
    "unsupported_method",
    # The contract is for both eras, and each of them refuses more: offsets in times (present), ids that are not UUIDs
    # (seed), a price of 0, addresses that no mail server takes, and users and models that do not exist.
    "positive_data_acceptance",
    # It sends each request twice more; other tests check that a key is required.
    "ignored_auth",
)
_NOT_CHECKED_IN_THE_SEED_ERA = (
    *_NOT_CHECKED,
    # That era converts types: the text "5" becomes a number, and null becomes 0 or "".
    "negative_data_rejection",
)
_ESTIMATES = ("count", "input_tokens", "output_tokens")
# The seed era's 404 on these paths is not documented.
_ONLY_PRESENT = ("/v1/customers/rotate-key", "/v1/events", "/v1/users")

_bounded = settings(
    max_examples=6, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def _contract(left_out: tuple[str, ...] = ()) -> Any:
    """Return the contract without `left_out`."""
    contract = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for path in left_out:
        del contract["paths"][path]
    return contract


def _contract_of_the_present() -> Any:
    """Return the contract without the bounds that the present era does not check."""
    contract = _contract()
    schemas = contract["components"]["schemas"]
    for name, schema in schemas.items():
        if name.endswith("Request"):
            if "customerId" in schema["properties"]:  # ignored: the customer is that of the key
                schema["properties"]["customerId"] = {}
            if "amount" in schema["properties"]:  # a double: 2^53 + 1 is read as 2^53
                del schema["properties"]["amount"]["maximum"]
    for name in ("unit_type", "quantity"):  # a custom event without them costs nothing
        schemas["CustomEvent"]["required"].remove(name)
    for name, field in (
        *(("V1EntitlementsCheckPostRequestAction", f"estimated_{what}") for what in _ESTIMATES),
        ("V1BurnTablesCreatePostRequestRulesValue", "perUnit"),
    ):
        schemas[name]["properties"][field]["type"] = "number"  # fractions are taken
    return contract


def _view(contract: Any, not_checked: tuple[str, ...], systematic: bool) -> Any:
    """Return the contract for Schemathesis; `systematic` tests each bound and type of each field as well."""
    config = {
        "checks": {name: {"enabled": False} for name in not_checked},
        "phases": {"coverage": {"enabled": systematic, "unexpected-methods": []}},
    }
    return schemathesis.openapi.from_dict(contract, config=schemathesis.Config.from_dict(config))


_present = _view(_contract_of_the_present(), _NOT_CHECKED, systematic=True)
_seed = _view(_contract(_ONLY_PRESENT), _NOT_CHECKED_IN_THE_SEED_ERA, systematic=False)


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """Return a session that keeps connections open between requests."""
    with requests.Session() as open_session:
        yield open_session


def _exchange(case: Any, client: SandboxClient, session: Any) -> None:
    """Send the request with the development account's key, and check the response against the contract."""
    case.validate_response(case.call(base_url=client.sandbox.url, headers={"X-API-Key": client.key}, session=session))


@_present.parametrize()
@_bounded
def test_the_present_era_answers_by_the_contract(case: Any, client: SandboxClient, session: Any) -> None:
    _exchange(case, client, session)


@_seed.parametrize()
@_bounded
def test_the_seed_era_answers_by_the_contract(case: Any, seed: SandboxClient, session: Any) -> None:
    _exchange(case, seed, session)
