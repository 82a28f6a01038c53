"""The guide's table of what each adapter tells is what the tests have shown."""

from __future__ import annotations

from . import inventory


def test_the_table_is_that_of_the_file() -> None:
    text = inventory.GUIDE.read_text(encoding="utf-8")
    shown = inventory.table(inventory.in_order(inventory.read()))
    assert text.split(inventory.BEGIN)[1].split(inventory.END)[0] == shown


def test_each_outcome_is_known() -> None:
    for shown in inventory.read():
        inventory.check(shown)
