"""Rows of usage files are billed by the token policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openmonetize import FilesReport, OpenMonetize, UsageError
from openmonetize.sandbox import Sandbox

from .tools import write_csv, write_lines

pytest.importorskip("genai_prices")

ROW: dict[str, Any] = {
    "provider": "anthropic",
    "model": "claude-haiku-4-5",
    "input_tokens": 86,
    "output_tokens": 400,
    "all": 180_086,
    "read": 150_000,
    "written": 30_000,
    "user_id": "acme_ada",
    "feature_id": "chat",
    "timestamp": "2026-11-01T00:00:00Z",
}
COLUMNS = {
    "metadata.gen_ai.usage.input_tokens": "all",
    "metadata.gen_ai.usage.cache_read.input_tokens": "read",
    "metadata.gen_ai.usage.cache_write.input_tokens": "written",
}


def ingested(*paths: Path, **settings: Any) -> tuple[FilesReport, list[dict[str, Any]]]:
    general = settings.pop("general", "reported")
    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url, token_policy=general) as om:
        report = om.ingest_files(list(paths), **settings)
        return report, list(sandbox.events())


@pytest.mark.parametrize(
    ("policy", "tokens"),
    [("reported", 86), ("inclusive", 180_086), ("price_equivalent", 52_586), (lambda usage: (7, 400), 7)],
)
def test_a_row_is_billed_as_a_call_is(tmp_path: Path, policy: Any, tokens: int) -> None:
    paths = write_csv(tmp_path / "a.csv", [ROW]), write_lines(tmp_path / "b.jsonl", [{**ROW, "user_id": "acme_bob"}])
    for settings in ({"token_policy": policy}, {"general": policy}):
        report, events = ingested(*paths, columns=COLUMNS, **settings)
        assert (report.sent, report.refused) == (2, 0)
        assert [(event["input_tokens"], event["output_tokens"]) for event in events] == [(tokens, 400)] * 2
    metadata = events[0]["metadata"]
    assert metadata["gen_ai.usage.cache_read.input_tokens"] == 150_000
    if policy == "price_equivalent":
        assert metadata["list_cost_usd"] == "0.054586"
        assert (metadata["token_policy"], metadata["reported_input_tokens"]) == ("price_equivalent", 86)


def test_whole_numbers_may_be_written_as_floats(tmp_path: Path) -> None:
    row = {name: float(value) if isinstance(value, int) else value for name, value in ROW.items()}
    path = write_lines(tmp_path / "a.jsonl", [row])
    report, events = ingested(path, columns=COLUMNS, token_policy="price_equivalent")
    assert (report.sent, report.refused) == (1, 0)
    assert (events[0]["input_tokens"], events[0]["output_tokens"]) == (52_586, 400)


def test_the_policy_is_no_part_of_a_rows_identity(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [ROW])
    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        for policy in ("reported", "price_equivalent"):
            om.ingest_files(path, columns=COLUMNS, token_policy=policy)  # type: ignore[arg-type]
        assert len(list(sandbox.events())) == 1


def test_a_row_with_cached_tokens_only_is_usage(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{**ROW, "input_tokens": 0, "output_tokens": 0, "all": 180_000}])
    report, events = ingested(path, columns=COLUMNS, token_policy="price_equivalent")
    assert (report.sent, events[0]["input_tokens"]) == (1, 52_500)
    assert ingested(path, columns=COLUMNS)[0].skipped == 1


def test_a_dry_run_says_what_the_policy_burns(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [ROW])
    assert ingested(path, columns=COLUMNS, dry_run=True)[0].credits == 3
    assert ingested(path, columns=COLUMNS, dry_run=True, token_policy="price_equivalent")[0].credits == 55


def test_models_without_a_list_price_are_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{**ROW, "model": "claude-99-odd"}])
    report, events = ingested(path, columns=COLUMNS, token_policy="price_equivalent")
    assert report.no_list_price == {"claude-99-odd of ANTHROPIC": 1}
    assert events[0]["input_tokens"] == 180_086
    assert "1 event of claude-99-odd of ANTHROPIC, which has no list price: all tokens are billed" in report.lines()


def test_counts_that_cannot_be_true_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{**ROW, "input_tokens": -5}])
    report, _ = ingested(path, columns=COLUMNS, token_policy="price_equivalent")
    assert (report.sent, report.refused) == (0, 1)


@pytest.mark.parametrize("read", ["a lot", 0.5, -5, True])
def test_cached_tokens_that_are_no_number_are_refused_where_they_count(tmp_path: Path, read: Any) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{**ROW, "read": read}])
    report, events = ingested(path, columns=COLUMNS, token_policy="price_equivalent")
    assert (report.sent, report.refused, events) == (0, 1, [])


def test_a_wrong_policy_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [ROW])
    with pytest.raises(UsageError, match="token_policy"):
        ingested(path, token_policy="all")


def test_anthropics_report_leaves_caches_out_and_sums_calls(tmp_path: Path) -> None:
    result = {
        "model": "claude-sonnet-4-5",
        "uncached_input_tokens": 1_000_000,
        "cache_read_input_tokens": 500_000,
        "cache_creation": {"ephemeral_5m_input_tokens": 40_000, "ephemeral_1h_input_tokens": 10_000},
        "output_tokens": 20_000,
    }
    path = tmp_path / "usage.json"
    page = {"data": [{"starting_at": "2026-11-01T00:00:00Z", "results": [result]}]}
    path.write_text(json.dumps(page), encoding="utf-8")
    _, (event,) = ingested(path, preset="anthropic-usage", token_policy="price_equivalent")
    assert event["input_tokens"] == 1_000_000 + 50_000 + 50_000 + 20_000
    assert event["output_tokens"] == 20_000
    _, (event,) = ingested(path, preset="anthropic-usage", token_policy="inclusive")
    assert event["input_tokens"] == 1_550_000


@pytest.mark.parametrize(
    ("policy", "tokens"), [("reported", 180_086), ("inclusive", 180_086), ("price_equivalent", 60_086)]
)
def test_what_litellm_says_of_the_cache_is_weighted(tmp_path: Path, policy: Any, tokens: int) -> None:
    # As LiteLLM 1.110 writes an answer of Claude.
    usage = {
        "prompt_tokens": 180_086,
        "completion_tokens": 400,
        "completion_tokens_details": {"reasoning_tokens": 50, "audio_tokens": None, "text_tokens": 350},
        "prompt_tokens_details": {
            "cached_tokens": 150_000,
            "cache_creation_tokens": 30_000,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 20_000, "ephemeral_1h_input_tokens": 10_000},
        },
        "cache_read_input_tokens": 150_000,
        "cache_creation_input_tokens": 30_000,
        "service_tier": None,
    }
    row = {
        "request_id": "chatcmpl-1",
        "model": "anthropic/claude-haiku-4-5",
        "custom_llm_provider": "anthropic",
        "prompt_tokens": 180_086,
        "completion_tokens": 400,
        "startTime": "2026-11-01 00:00:00",
        "end_user": "acme_ada",
        "metadata": {"status": "success", "usage_object": usage},
    }
    as_text = {**row, "request_id": "2", "metadata": json.dumps(row["metadata"])}
    without = {**row, "request_id": "3", "metadata": '{"usage_object": null}'}
    paths = [
        write_lines(tmp_path / "a.jsonl", [row]),
        write_csv(tmp_path / "b.csv", [as_text]),
        write_csv(tmp_path / "c.csv", [without]),
    ]
    report, events = ingested(*paths, preset="litellm-spend-logs", token_policy=policy)
    assert (report.sent, report.refused) == (3, 0)
    assert [(event["input_tokens"], event["output_tokens"]) for event in events] == [
        (tokens, 400),
        (tokens, 400),
        (180_086, 400),  # what was cached is not known
    ]
    assert events[0]["metadata"]["gen_ai.usage.cache_write.1h.input_tokens"] == 10_000


@pytest.mark.parametrize(
    ("policy", "tokens"), [("reported", [5000, 1000]), ("inclusive", [9000, 1000]), ("price_equivalent", [6550, 550])]
)
def test_what_langfuse_keeps_beside_the_input_is_weighted(tmp_path: Path, policy: Any, tokens: list[int]) -> None:
    claude = {"input": 5000, "output": 5, "cache_read_input_tokens": 3000, "cache_creation_input_tokens": 1000}
    by_langchain = {"input": 5000, "output": 5, "input_cache_read": 3000, "input_cache_creation": 1000}
    gpt = {"input": 100, "output": 5, "input_cached_tokens": 900}
    row = {"type": "GENERATION", "startTime": "2026-11-01T00:00:00Z", "userId": "acme_ada"}
    one = write_lines(
        tmp_path / "claude.jsonl",
        [
            {**row, "id": "1", "model": "claude-haiku-4-5", "usageDetails": claude},
            {**row, "id": "2", "model": "claude-haiku-4-5", "usage_details": json.dumps(by_langchain)},
        ],
    )
    two = write_lines(tmp_path / "gpt.jsonl", [{**row, "id": "3", "model": "gpt-4o", "usageDetails": gpt}])
    settings: dict[str, Any] = {"preset": "langfuse-export", "token_policy": policy}
    billed = [
        event["input_tokens"]
        for path, provider in ((one, "anthropic"), (two, "openai"))
        for event in ingested(path, constants={"provider": provider}, **settings)[1]
    ]
    assert billed == [tokens[0], *tokens]
