"""An hour of real traffic, four times over, under faults: every request is billed exactly once.

The requests are the Azure LLM inference trace 2023 (CC BY 4.0; Patel et al., "Splitwise", ISCA 2024), as shipped with
the examples.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiClient, Configuration, TokenUsageEvent
from openmonetize.pricing import credits_for_tokens

pytest.importorskip("werkzeug")

from openmonetize.sandbox import Sandbox

from .conftest import MakeRecorder

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[2] / "examples" / "data"
PASSES = 4
GRANT = 200_000  # credits for each of the five users
FAULTS = ["429:5%,retry-after=0", "500:5%", "500-after:5%", "reset-before:5%", "reset-after:5%", "truncate:5%"]
FAULTS += ["html-200:5%", "html-502:5%", "slow=1.2s:5%"]
SOURCES = (
    ("AzureLLMInferenceTrace_conv.csv.gz", "OPENAI", "gpt-4o"),
    ("AzureLLMInferenceTrace_code.csv.gz", "ANTHROPIC", "claude-4.5-sonnet"),
)


def requests() -> Iterator[tuple[str, str, int, int]]:
    for name, provider, model in SOURCES:
        with gzip.open(DATA / name, "rt") as lines:
            for row in csv.DictReader(lines):
                yield provider, model, int(row["ContextTokens"]), int(row["GeneratedTokens"])


@pytest.mark.parametrize("buffer", ["memory", "outbox"])
def test_the_trace_is_billed_once_under_faults(make_recorder: MakeRecorder, tmp_path: Path, buffer: str) -> None:
    faults = [f"{fault},path=/v1/events/ingest" for fault in FAULTS]
    with (
        Sandbox(db=str(tmp_path / "sandbox.db"), processing_delay=0.05, faults=faults) as sandbox,
        ApiClient(Configuration(sandbox.url, access_token=sandbox.key)) as client,
    ):
        for user in range(5):
            grant = {"userId": f"acme_user_{user}", "amount": GRANT}
            assert client.call_api("POST", "/v1/credits/grant", body=grant).status == 200
        options: Any = {"outbox": tmp_path / "usage-outbox"} if buffer == "outbox" else {}
        recorder = make_recorder(client=client, flush_interval=0.05, rate_share=1.0, request_timeout=1.0, **options)
        trace: list[tuple[str, str, int, int]] = list(requests())
        assert len(trace) == 28_185
        for number in range(PASSES):
            if number == 1:
                sandbox.fail_next("402:path=/v1/events/ingest", 3)
            if number == 2:
                answer = client.call_api("POST", "/v1/customers/rotate-key")
            for index, (provider, model, tokens_in, tokens_out) in enumerate(trace):
                recorder.record(
                    TokenUsageEvent(
                        user_id=f"acme_user_{index % 5}",
                        feature_id="trace",
                        provider=provider,
                        model=model,
                        input_tokens=tokens_in,
                        output_tokens=tokens_out,
                    )
                )
            if number == 2:
                recorder.flush(0.2)  # with the dead key: everything waits
                client.configuration.access_token = json.loads(answer.data)["data"]["apiKey"]
            for _ in range(20):
                if recorder.flush(20):
                    break
        stats = recorder.stats()
        assert stats.accepted + stats.duplicate == stats.tracked == PASSES * len(trace)
        sandbox.advance(seconds=10)
        usage = json.loads(client.call_api("GET", "/v1/analytics/usage").data)["data"]["summary"]
        assert usage["totalEvents"] == PASSES * len(trace)
        assert int(usage["totalInputTokens"]) == PASSES * 40_421_844
        assert int(usage["totalOutputTokens"]) == PASSES * 4_334_561
        owed = PASSES * sum(credits_for_tokens(*event).credits for event in trace)
        assert sandbox.billed() == owed
        assert sum(sandbox.balance(f"acme_user_{user}") for user in range(5)) == 5 * GRANT - owed
