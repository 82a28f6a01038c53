"""The sandbox serves what the client can ask for; what a newer contract brings is named until it does."""

from __future__ import annotations

from openmonetize.sandbox.unserved import unserved_operations


def test_every_operation_of_the_contract_is_served() -> None:
    assert unserved_operations() == []
