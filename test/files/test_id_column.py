"""Rows that a column identifies are billed once, also when the rest of them changes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiValueError, OpenMonetize
from openmonetize.events.ids import derive_id
from openmonetize.files.identity import RowIds

pytest.importorskip("werkzeug")

from openmonetize.sandbox import Sandbox

from .tools import Rows, ids, prepared, write_csv, write_lines

USER = "acme_ada"
LITELLM: dict[str, Any] = {"preset": "litellm-spend-logs", "constants": {"user_id": "acme_{end_user}"}}
OWN: dict[str, Any] = {"constants": {"user_id": USER, "feature_id": "f", "unit_type": "page"}, "id_column": "call"}


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as made:
        made.credits.grant(user_id=USER, amount=1_000_000)
        yield made


def spend(number: int, **changed: Any) -> dict[str, Any]:
    """Return a row of LiteLLM's table."""
    return {
        "request_id": f"chatcmpl-{number}",
        "startTime": f"2026-03-01 10:{number // 60:02d}:{number % 60:02d}.123",
        "custom_llm_provider": "openai",
        "model": "openai/gpt-4o",
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "spend": 0.0035,
        "end_user": "ada",
        **changed,
    }


def test_an_id_is_the_uuid5_of_customer_source_and_the_columns_text() -> None:
    made = RowIds("customer", "logs", "request_id")
    namespace = uuid.UUID(derive_id("customer", "openmonetize.files.id_column\nlogs"))
    expected = str(uuid.uuid5(namespace, "1e3"))
    assert made.id_of({"request_id": "1e3", "spend": 1}) == expected
    assert made.id_of({"spend": 2, "request_id": "1e3"}) == expected
    texts = ("1000", 1000, "01000", "1e3", "chatcmpl-1")
    assert len({made.id_of({"request_id": text}) for text in texts}) == len(texts) - 1
    others = (RowIds("another", "logs", "request_id"), RowIds("customer", "others", "request_id"))
    assert expected not in {other.id_of({"request_id": "1e3"}) for other in others}


def test_every_format_gives_the_same_ids(tmp_path: Path) -> None:
    rows = [spend(number, request_id=number) for number in range(20)]
    expected = ids(write_csv(tmp_path / "rows.csv", rows), **LITELLM)
    assert len(set(expected)) == 20
    assert ids(write_lines(tmp_path / "rows.jsonl", rows), **LITELLM) == expected


def test_a_row_that_changed_is_told_and_never_billed_twice(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    rows = [spend(number) for number in range(40)]
    path = write_csv(tmp_path / "spend.csv", rows)
    assert om.ingest_files(path, **LITELLM).sent == 40
    billed = sandbox.billed(USER)
    changed = [spend(number, spend=0.0041, completion_tokens=333) for number in range(40)]
    random.Random(3).shuffle(changed)
    again = om.ingest_files(write_csv(path, [*changed, spend(40)]), **LITELLM)
    assert (again.sent, again.duplicates, again.id_column) == (1, 40, "request_id")
    assert "a row that changed and kept its request_id stays billed as it was" in str(again)
    assert len(sandbox.events()) == 41
    assert sandbox.billed(USER) == billed // 40 * 41


def test_of_exports_that_overlap_each_row_is_sent_once(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    january = write_csv(tmp_path / "1.csv", [spend(number) for number in range(30)])
    february = write_lines(tmp_path / "2.jsonl", [spend(number, spend=0.5) for number in range(20, 50)])
    plan = om.ingest_files([january, february], dry_run=True, **LITELLM)
    assert (plan.sent, plan.repeated) == (50, 10)
    report = om.ingest_files([january, february], row_report=tmp_path / "rows", **LITELLM)
    assert (report.rows, report.sent, report.repeated, report.duplicates) == (60, 50, 10, 0)
    assert "10 rows with the request_id of an earlier row left out" in str(report)
    assert (tmp_path / "rows").read_text().count('"repeated"') == 10
    assert len(sandbox.events()) == 50
    assert sandbox.dead_letters() == []


def test_a_row_that_was_not_billable_yet_leaves_its_id_to_the_one_that_is(tmp_path: Path) -> None:
    bad, empty, good = spend(1, prompt_tokens="?"), spend(1, prompt_tokens=0, completion_tokens=0), spend(1)
    first, second, third, fourth = prepared(write_csv(tmp_path / "spend.csv", [bad, empty, good, good]), **LITELLM)
    assert first.refused is not None
    assert (second.wire, second.repeated) == (b"", False)
    assert third.wire
    assert fourth.repeated
    assert first.event_id == third.event_id


def test_a_mended_row_keeps_the_id_of_its_column(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "spend.csv", [spend(1), spend(2, prompt_tokens="?")])
    rejected = tmp_path / "rejected.csv"
    assert om.ingest_files(path, rejected=rejected, **LITELLM).refused == 1
    rejected.write_text(rejected.read_text().replace(",?,", ",1000,"))
    assert om.ingest_files(rejected, **LITELLM).sent == 1
    corrected = om.ingest_files(write_csv(path, [spend(1), spend(2)]), **LITELLM)
    assert (corrected.sent, corrected.duplicates) == (0, 2)
    assert len(sandbox.events()) == 2


def test_a_column_of_ones_own_has_to_have_a_value(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    rows: Rows = [
        {"call": "a", "quantity": 1},
        {"call": "", "quantity": 1},
        {"quantity": 1},
        {"call": 7, "quantity": 1},
    ]
    report = om.ingest_files(write_lines(tmp_path / "calls.jsonl", rows), **OWN)
    assert (report.sent, report.refused) == (2, 2)
    assert report.refusals[0].reason == "call is missing, which identifies the rows"
    with pytest.raises(ApiValueError):
        om.ingest_files(tmp_path / "calls.jsonl", id_column="before(call", constants=OWN["constants"])
    assert len(sandbox.events()) == 2


def test_without_its_column_a_presets_rows_are_identified_by_their_content(tmp_path: Path) -> None:
    rows = [{name: value for name, value in spend(number).items() if name != "request_id"} for number in (1, 2, 2)]
    made = prepared(write_csv(tmp_path / "spend.csv", rows), **LITELLM)
    assert len({row.event_id for row in made}) == 3
    assert all(row.wire for row in made)


@pytest.mark.parametrize(
    ("preset", "column"),
    [
        ("langfuse-export", "id"),
        ("openrouter-activity", "generation_id"),
        ("litellm-spend-logs", "request_id"),
    ],
)
def test_presets_name_the_column_that_identifies_their_rows(tmp_path: Path, preset: str, column: str) -> None:
    rows = [{column: "x", "cost": 1}, {column: "x", "cost": 2}, {column: "y", "cost": 1}]
    one, other, third = ids(write_csv(tmp_path / "rows.csv", rows), preset=preset)
    assert one == other != third
