"""Results that are no answers of the platform are short as text, and tables in a notebook."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openmonetize import OpenMonetize
from openmonetize.gate.checks import CheckResult, Remedy
from openmonetize.metering.results import BillingResult, FlushResult, Stats
from openmonetize.pricing.credits import Charge

from .test_shown import parsed

RESULTS: list[tuple[Any, list[str]]] = [
    (Stats(tracked=12_345, accepted=12_000, queued=345), ["Stats", "tracked", "12,345", "accepted", "12,000"]),
    (FlushResult(True, 3, 0, 0, None), ["FlushResult", "complete", "yes", "accepted", "3"]),
    (BillingResult(False, None, 2, 1, 0), ["BillingResult", "complete", "no", "waiting", "2"]),
    (Charge(8, Decimal("0.0075000000"), "row"), ["Charge", "credits", "8", "usd", "0.0075", "basis", "row"]),
    (
        CheckResult(False, "<b>no credits</b>", actions=(Remedy("purchase", "Buy", None),)),
        ["CheckResult", "allowed", "no", "reason", "<b>no credits</b>", "actions", "Buy"],
    ),
]


@pytest.mark.parametrize(("result", "texts"), RESULTS, ids=lambda each: type(each).__name__)
def test_a_result_is_a_small_table(result: Any, texts: list[str]) -> None:
    page = parsed(result)
    assert page.texts[: len(texts)] == texts
    assert "None" not in page.texts
    assert "b" not in page.tags


def test_stats_say_why_they_are_not_known() -> None:
    stats = Stats(tracked=1)
    stats.unknown = "the outbox is on a disk that was taken away"
    assert stats.unknown in parsed(stats).texts


def test_a_report_of_files_is_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    row = "openai,gpt-4o,{},1,u,f,2026-11-01\n"
    header = "provider,model,input_tokens,output_tokens,user_id,feature_id,timestamp\n"
    path.write_text(header + row.format(5) + row.format("<i>many</i>") * 200)
    with OpenMonetize(enabled=False) as om:
        report = om.ingest_files(path)
    page = parsed(report)
    assert page.texts[:3] == ["Dry run", "201 rows read", "1 event would be sent, in 1 request"]
    assert [text.strip() for text in str(report).splitlines()] == page.texts[1:]
    assert "i" not in page.tags
    assert repr(report).startswith("FilesReport(rows=201, sent=1, refused=200, ")
    assert len(repr(report)) < 500
