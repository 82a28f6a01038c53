"""The files of well-known tools, as those tools write them, give the right events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openmonetize.files.preparation import Prepared
from openmonetize.files.presets import PRESETS

from .tools import prepared, write_csv, write_lines


def events(rows: list[Prepared]) -> list[dict[str, Any]]:
    return [json.loads(row.wire) for row in rows]


def check(event: dict[str, Any], **expected: Any) -> None:
    assert {name: event.get(name) for name in expected} == expected


OPENAI_PAGE: dict[str, Any] = {
    "object": "page",
    "data": [
        {
            "object": "bucket",
            "start_time": 1730419200,
            "end_time": 1730505600,
            "results": [
                {
                    "object": "organization.usage.completions.result",
                    "input_tokens": 1000,
                    "output_tokens": 500,
                    "input_cached_tokens": 800,
                    "num_model_requests": 5,
                    "project_id": "proj_1",
                    "model": "gpt-4o-mini-2024-07-18",
                },
                {
                    "object": "organization.usage.completions.result",
                    "input_tokens": 3,
                    "output_tokens": 4,
                    "model": "gpt-4o",
                },
            ],
        },
        {"object": "bucket", "start_time": 1730505600, "end_time": 1730592000, "results": []},
    ],
    "has_more": False,
}


@pytest.mark.parametrize("indent", [None, 2])
def test_openai_usage(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "usage.json"
    path.write_text(json.dumps(OPENAI_PAGE, indent=indent))
    first, second = events(prepared(path, preset="openai-usage"))
    check(first, provider="OPENAI", model="gpt-4o-mini", input_tokens=1000, output_tokens=500)
    check(first, timestamp="2024-11-01T00:00:00Z", feature_id="openai-usage")
    assert first["metadata"]["gen_ai.usage.cache_read.input_tokens"] == 800
    check(second, model="gpt-4o", input_tokens=3, timestamp="2024-11-01T00:00:00Z")


def test_openai_usage_as_csv(tmp_path: Path) -> None:
    row = {"start_time": "1730419200", "end_time": "1730505600", "project_id": "proj_1", "model": "gpt-4o",
           "num_model_requests": "5", "input_tokens": "1000", "output_tokens": "500",
           "input_cached_tokens": "800"}  # fmt: skip
    (event,) = events(prepared(write_csv(tmp_path / "usage.csv", [row]), preset="openai-usage"))
    check(event, model="gpt-4o", input_tokens=1000, output_tokens=500, timestamp="2024-11-01T00:00:00Z")


def test_anthropic_usage(tmp_path: Path) -> None:
    page = {
        "data": [
            {
                "starting_at": "2026-08-01T00:00:00Z",
                "ending_at": "2026-08-02T00:00:00Z",
                "results": [
                    {
                        "model": "claude-sonnet-4-5-20250929",
                        "workspace_id": "wrkspc_1",
                        "uncached_input_tokens": 1500,
                        "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500},
                        "cache_read_input_tokens": 200,
                        "output_tokens": 500,
                    }
                ],
            }
        ]
    }
    path = tmp_path / "usage.json"
    path.write_text(json.dumps(page))
    row = {"usage_date_utc": "2026-08-01", "model_version": "claude-sonnet-4-5-20250929", "workspace": "wrkspc_1",
           "usage_input_tokens_no_cache": "1500", "usage_input_tokens_cache_write_5m": "500",
           "usage_input_tokens_cache_write_1h": "1000", "usage_input_tokens_cache_read": "200",
           "usage_output_tokens": "500"}  # fmt: skip
    for given in (path, write_csv(tmp_path / "console.csv", [row])):
        (event,) = events(prepared(given, preset="anthropic-usage"))
        check(event, provider="ANTHROPIC", model="claude-4.5-sonnet", input_tokens=1500, output_tokens=500)
        check(event, timestamp="2026-08-01T00:00:00Z")
        assert int(event["metadata"]["gen_ai.usage.cache_read.input_tokens"]) == 200
        assert event["metadata"]["gen_ai.usage.cache_write.input_tokens"] == 1500


def test_litellm_spend_logs(tmp_path: Path) -> None:
    row = {"request_id": "chatcmpl-1", "call_type": "acompletion", "api_key": "hash", "spend": "0.01",
           "prompt_tokens": "1200", "completion_tokens": "30", "startTime": "2026-03-01 10:00:00.123",
           "end_user": "ada",
           "endTime": "2026-03-01 10:00:02", "model": "openai/gpt-4o", "custom_llm_provider": "openai", "user": "ops",
           "metadata": '{"status": "success"}'}  # fmt: skip
    rows = [row, {**row, "request_id": "2", "model": "gemini-2.5-pro", "custom_llm_provider": "gemini"},
            {**row, "request_id": "3", "model": "gpt-4o", "custom_llm_provider": "azure"}]  # fmt: skip
    path = write_csv(tmp_path / "spend.csv", rows)
    constants = {"user_id": "acme_{end_user}"}
    for column, written in (("csv", "True"), ("jsonl", True)):
        hit = {**row, "request_id": "4", "cache_hit": written}
        cached = tmp_path / f"cached.{column}"
        _ = cached.write_text(json.dumps(hit) + "\n") if column == "jsonl" else write_csv(cached, [hit])
        (left_out,) = prepared(cached, preset="litellm-spend-logs", constants=constants)
        assert left_out.wire == b""
        assert left_out.refused is None
    good, gemini, azure = prepared(path, preset="litellm-spend-logs", constants=constants)
    check(json.loads(good.wire), provider="OPENAI", model="gpt-4o", input_tokens=1200, output_tokens=30)
    check(json.loads(good.wire), user_id="acme_ada", timestamp="2026-03-01T10:00:00.123Z", feature_id="litellm")
    check(json.loads(gemini.wire), provider="GOOGLE", model="gemini-2.5-pro")
    assert azure.refused is not None and "azure" in azure.refused
    named = prepared(path, preset="litellm-spend-logs", constants=constants, providers={"azure": "openai"})
    check(json.loads(named[2].wire), provider="OPENAI", model="gpt-4o")
    assert [row.event_id for row in named] == [good.event_id, gemini.event_id, azure.event_id]


def test_langfuse_export(tmp_path: Path) -> None:
    generation = {"id": "o1", "trace_id": "t1", "type": "GENERATION", "start_time": "2024-05-29 13:46:19.963000",
                  "provided_model_name": "gpt-4o", "usage_details": {"input": 100, "output": 20, "total": 120},
                  "user_id": "acme_ada", "trace_name": "support"}  # fmt: skip
    span = {"id": "o2", "trace_id": "t1", "type": "SPAN", "start_time": "2024-05-29 13:46:19"}
    as_text = {**generation, "usage_details": json.dumps(generation["usage_details"])}
    lines = write_lines(tmp_path / "o.jsonl", [generation, span])
    table = write_csv(tmp_path / "o.csv", [as_text, span])
    for path in (lines, table):
        made, left_out = prepared(path, preset="langfuse-export", constants={"provider": "openai"})
        check(json.loads(made.wire), model="gpt-4o", input_tokens=100, output_tokens=20, user_id="acme_ada")
        check(json.loads(made.wire), feature_id="support", timestamp="2024-05-29T13:46:19.963Z")
        assert left_out.refused is None and left_out.wire == b""
    assert (
        prepared(lines, preset="langfuse-export")[0].event_id == prepared(table, preset="langfuse-export")[0].event_id
    )


def test_tokens_that_langfuse_counts_beside_input_and_output_are_billed(tmp_path: Path) -> None:
    details = {"input": 100, "input_cached_tokens": 900, "output": 20, "output_reasoning_tokens": 480, "total": 1500}
    row = {"id": "o1", "type": "GENERATION", "startTime": "2026-01-01T00:00:00Z", "model": "gpt-4o", "userId": "acme_a"}
    claude = {"input": 7, "output": 5, "cache_read_input_tokens": 3000, "total": 3012}
    rows = [{**row, "usageDetails": details}, {**row, "id": "o2", "usageDetails": claude},
            {**row, "id": "o3", "usage": {"input": 3, "output": 4, "unit": "TOKENS"}}]  # fmt: skip
    made = events(
        prepared(write_lines(tmp_path / "o.jsonl", rows), preset="langfuse-export", constants={"provider": "openai"})
    )
    assert [(event["input_tokens"], event["output_tokens"]) for event in made] == [(1000, 500), (7, 5), (3, 4)]


def test_openrouter_activity(tmp_path: Path) -> None:
    row = {"generation_id": "gen-1", "created_at": "2026-03-30 02:37:51.271", "cost_total": "0.01",
           "tokens_prompt": "100",
           "tokens_completion": "200", "model_permaslug": "openai/gpt-4o-mini-2024-07-18", "provider_name": "Azure",
           "app_name": "cursor"}  # fmt: skip
    (event,) = events(prepared(write_csv(tmp_path / "a.csv", [row]), preset="openrouter-activity"))
    check(event, provider="OPENAI", model="gpt-4o-mini", input_tokens=100, output_tokens=200)
    check(event, timestamp="2026-03-30T02:37:51.271Z")
    item = {"date": "2025-08-24", "model": "mistralai/mistral-large", "provider_name": "Mistral", "requests": 5,
            "prompt_tokens": 50, "completion_tokens": 125}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"data": [item]}))
    (event,) = events(prepared(tmp_path / "a.json", preset="openrouter-activity"))
    check(event, provider="MISTRAL", model="mistral-large", input_tokens=50, timestamp="2025-08-24T00:00:00Z")


def test_what_is_named_comes_before_the_preset(tmp_path: Path) -> None:
    row = {"TIMESTAMP": "2023-11-16 18:17:03.9799600", "ContextTokens": "1", "GeneratedTokens": "2", "more": "40"}
    mapping = {"output_tokens": "GeneratedTokens + more", "metadata.n": "more"}
    constants = {"provider": "openai", "model": "gpt-4o", "feature_id": "mine"}
    path = write_csv(tmp_path / "t.csv", [row])
    (event,) = events(prepared(path, preset="azure-llm-trace", columns=mapping, constants=constants))
    check(event, output_tokens=42, feature_id="mine", metadata={"n": "40"})


def test_there_are_the_presets_that_the_guide_names() -> None:
    assert list(PRESETS) == [
        "azure-llm-trace",
        "openai-usage",
        "anthropic-usage",
        "litellm-spend-logs",
        "langfuse-export",
        "openrouter-activity",
    ]


def test_what_a_page_says_of_other_pages_is_no_part_of_its_rows(tmp_path: Path) -> None:
    def page(name: str, **envelope: Any) -> list[str]:
        (tmp_path / name).write_text(json.dumps({**OPENAI_PAGE, **envelope}))
        return [row.event_id for row in prepared(tmp_path / name, preset="openai-usage")]

    whole = page("all.json")
    assert page("part.json", has_more=True, next_page="page_AAA") == whole
    (tmp_path / "buckets.jsonl").write_text("\n".join(json.dumps(bucket) for bucket in OPENAI_PAGE["data"]))
    assert [row.event_id for row in prepared(tmp_path / "buckets.jsonl", preset="openai-usage")][:2] == whole
