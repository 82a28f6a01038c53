"""The page about constructs says what the tests show."""

from __future__ import annotations

from pathlib import Path

from .page import PAGE, SUPPORTED, rendered


def test_it_is_what_the_tests_show() -> None:
    assert PAGE.read_text(encoding="utf-8") == rendered(), "write it again: cd test && python -m codegen.page"


def test_each_test_that_it_names_exists() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [test for test in SUPPORTED.values() if f"def {test}(" not in source] == []
