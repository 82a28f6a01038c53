"""Tables and numbers in the guides agree with the code."""

from __future__ import annotations

import inspect
import queue
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import openmonetize
from openmonetize import ApiTypeError, ApiValueError, OpenMonetize, RetryPolicy
from openmonetize.client import provider_usage
from openmonetize.client.provider_usage import COMPLETENESS_KEY, RESPONSE_KEY
from openmonetize.client.settings import DeliverySettings
from openmonetize.client.usage_warnings import KINDS
from openmonetize.events.fields import MODEL_KEY
from openmonetize.metering import (
    BillingResult,
    Delivered,
    Incident,
    Recorder,
    Stats,
    VerifyReport,
    delivery,
    recorder,
    sender,
)
from openmonetize.metering.buffers import memory
from openmonetize.metering.buffers.spool import place, space, spool
from openmonetize.pricing import credits
from openmonetize.pricing.model_names import ModelNames
from openmonetize.providers import METERED, NOT_METERED, otel
from openmonetize.providers.usage import NamedPolicy
from openmonetize.testing.fake_providers import FakeProviders, Reply
from openmonetize.testing.fake_providers.reply import json_reply

from .pages import GUIDES, PAGES, codes, table, text

CODE = Path(openmonetize.__file__).parent


def first_codes(page: str, heading: str) -> list[str]:
    """Return the code spans in the first cells of a table."""
    return [code for row in table(page, heading) for code in codes(row[0])]


def in_the_source(pattern: str, *packages: str) -> list[str]:
    """Return what a pattern finds in the source of some packages."""
    files = [file for package in packages for file in (CODE / package).rglob("*.py")]
    return sorted({found for file in files for found in re.findall(pattern, file.read_text(encoding="utf-8"))})


# Recording


def test_the_settings_have_these_defaults() -> None:
    defaults = {
        name: parameter.default
        for owner in (Recorder, OpenMonetize)
        for name, parameter in inspect.signature(owner).parameters.items()
    }
    rows = table("recording", "Settings")
    stated = {codes(row[0])[0]: eval(codes(row[1])[0], {"RetryPolicy": RetryPolicy}) for row in rows}
    assert stated == {name: defaults[name] for name in stated}
    assert set(DeliverySettings.__annotations__) <= set(stated)
    for name in inspect.signature(OpenMonetize).parameters:
        assert name == "delivery" or name in text("recording")


@pytest.mark.parametrize("fields", first_codes("recording", "Events that are refused"))
def test_these_events_are_refused(fields: str) -> None:
    om = OpenMonetize(enabled=False)
    event: dict[str, Any] = {"feature_id": "guide", **eval(f"dict({fields})")}
    with pytest.raises((ApiValueError, ApiTypeError)):
        om.track(event)
    assert om.warning_counts()["refused"] == 1


def test_these_are_the_warnings_counts_and_kinds_of_incident() -> None:
    assert tuple(first_codes("recording", "Events that are recorded with a warning")) == KINDS
    assert tuple(first_codes("recording", "Delivery and counts")) == Stats._fields
    assert tuple(first_codes("recording", "Accepted is not billed")) == BillingResult._fields
    assert tuple(first_codes("outbox", "From accepted to billed")) == VerifyReport._fields
    assert sorted(first_codes("recording", "Callbacks")) == in_the_source(r'Incident\(\s*"(\w+)"', "metering")


def test_these_model_names_are_sent_as_stated() -> None:
    names = ModelNames(True)
    for row in table("recording", "Model names"):
        provider, given, sent = (codes(cell)[0] for cell in row)
        assert names.find(provider.upper(), given).model == sent
    assert MODEL_KEY in text("recording")


def test_the_numbers_of_the_prose() -> None:
    prose = {page: " ".join(text(page).split()) for page in PAGES}
    dead = f"{memory.MAX_DEAD_IN_MEMORY:,}"
    assert f"beyond {dead} dead letters in memory" in prose["recording"]
    assert f"the last {dead} are kept" in prose["outbox"]
    assert (space.MAX_SPOOL_BYTES, space.MIN_FREE_BYTES, space.MIN_FREE_PART) == (1024**3, 64 * 1024**2, 0.05)
    assert (spool.MAX_SEGMENT_BYTES, spool.MAX_SEGMENT_AGE) == (4 * 1024**2, 60.0)
    for page in ("outbox", "recording"):
        assert "1 GiB by default" in prose[page]
        assert "64 MiB, or 5 % of a smaller disk" in prose[page]
    assert "every 4 MiB (or a sixteenth of a smaller `outbox_max_bytes`) and at least every minute" in prose["outbox"]
    assert sender.IDLE_TIMEOUT == 30.0
    assert "an idle one within half a minute" in prose["outbox"]
    wait = f"{memory.FULL_TIMEOUT * 1000:g} ms"
    assert wait in prose["recording"]
    assert wait in prose["outage"]
    assert f"{memory.MAX_BUFFERED_EVENTS:,} events or {memory.MAX_BUFFERED_BYTES // 2**20} MiB" in prose["outage"]


def test_these_are_the_choices() -> None:
    assert tuple(code.strip('"') for code in first_codes("outage", "A full buffer")) == recorder.ON_FULL
    head = text("outbox").partition("| what happens |")[2].partition("\n")[0]
    assert tuple(re.findall(r'durability="(\w+)"', head)) == recorder.DURABILITIES


# The outbox


@pytest.mark.parametrize("row", table("outbox", "What it survives"), ids=lambda row: row[0][:30])
def test_these_tests_show_it(row: list[str]) -> None:
    """A row without a test says why there is none."""
    named = codes(row[-1])
    assert named or row[-1].startswith("not tested: ")
    for name in named:
        file, _, test = name.partition("::")
        source = (GUIDES.parents[1] / "test" / "metering" / file).read_text(encoding="utf-8")
        assert f"def {test}(" in source or f"\n{test} = " in source, name


def test_these_file_systems_are_refused() -> None:
    listed = text("outbox").partition("mount table:")[2].partition("their like")[0]
    kinds = codes(listed)
    assert len(kinds) > 15
    assert [kind for kind in kinds if not place._SHARED_TYPE.fullmatch(kind)] == []


# Gating


def test_these_are_the_sources_of_an_answer_and_of_a_price() -> None:
    sources = in_the_source(r'source(?:: str = |=)"(\w+)"', "gate", "client")
    assert sorted(first_codes("gating", "Checking")) == sources
    bases = [credits.ROW, credits.FALLBACK, credits.UNIT, credits.NONE]
    assert first_codes("gating", "Estimating credits") == bases


# Providers


def test_this_is_metered_and_this_is_not() -> None:
    stated = {row[0]: tuple(codes(row[1])) for row in table("providers", "What is metered")}
    assert stated == METERED
    listed: dict[str, dict[str, str]] = {}
    for library, calls, why in table("providers", "What is not metered"):
        assert calls.replace("`", "").split(", ") == codes(calls)
        listed.setdefault(library, {}).update(dict.fromkeys(codes(calls), why))
    assert listed == NOT_METERED


def test_the_metadata_has_these_names() -> None:
    assert first_codes("providers", "Metadata") == [
        otel.CACHE_READ,
        otel.CACHE_WRITE,
        otel.CACHE_WRITE_5M,
        otel.cached_input_of("audio"),
        otel.REASONING,
        otel.ACCEPTED_PREDICTION,
        otel.REJECTED_PREDICTION,
        otel.TOOL_PROMPT,
        otel.input_of("audio"),
        otel.AUDIO_SECONDS,
        otel.tool_calls_of("web_search"),
        otel.INPUT,
        otel.OUTPUT,
        otel.SERVICE_TIER,
        otel.BATCH,
        otel.REGION,
        otel.COST,
    ]
    for key in (COMPLETENESS_KEY, RESPONSE_KEY, MODEL_KEY):
        assert key in text("providers")
    of_a_policy = [
        provider_usage.POLICY_KEY,
        provider_usage.REPORTED_INPUT_KEY,
        provider_usage.REPORTED_OUTPUT_KEY,
        otel.INPUT,
        otel.OUTPUT,
        provider_usage.LIST_COST_KEY,
        provider_usage.DEVIATION_KEY,
    ]
    assert first_codes("billed-tokens", "What the metadata keeps") == of_a_policy


def test_these_are_the_token_policies() -> None:
    assert first_codes("billed-tokens", "Which policy to choose") == [f'"{name}"' for name in get_args(NamedPolicy)]


# Outages


def first_report(server: FakeProviders) -> tuple[Any, Stats]:
    """Record one event, and return the first callback's argument and the counts after it."""
    outcome: queue.Queue[Any] = queue.Queue()
    om = OpenMonetize("om_live_k", server.url, flush_interval=0.0, on_error=outcome.put, on_delivered=outcome.put)
    om.track_api_call(feature_id="guide")
    first = outcome.get(timeout=30)
    stats = om.stats()
    om.close(0.0)
    return first, stats


def replies(answer: str) -> Iterator[Reply]:
    """Yield the answers that a row of the table describes."""
    statuses = [int(code) for code in codes(answer)]
    statuses += [418] if "rest of 4xx" in answer else [507] if "rest of 5xx" in answer else []
    if not statuses:
        yield Reply(parts=[b'{"accepted"'], cut=True)
    for status in statuses:
        if "page" in answer:
            yield Reply(status, "text/html", [b"<html><body>Please log in</body></html>"])
        if "words" in answer or "names" in answer:
            message = "no" if "names none" in answer or "other" in answer else "body/events/0/quantity Invalid"
            words = "No" if "other" in answer else {400: "Bad Request", 403: "FORBIDDEN", 422: "Unprocessable"}[status]
            yield json_reply({"error": words, "message": message}, status)
        elif status in (200, 202) and "page" not in answer:
            count = 0 if "fewer" in answer else 1
            counts = {"accepted": count, "rejected": 0, "duplicates": 0, "batch_id": "b", "status": "processing"}
            yield json_reply(counts, status)
        elif "page" not in answer:
            yield json_reply({"error": "No", "message": "no"}, status)


@pytest.mark.parametrize(
    "row", table("outage", "Responses of the platform"), ids=lambda row: row[0].replace("`", "")[:20]
)
def test_an_answer_is_reported_and_counted_as_stated(row: list[str]) -> None:
    answer, kinds = row[0], codes(row[1])
    with FakeProviders() as server:
        for reply in replies(answer):
            server.script = reply
            first, stats = first_report(server)
            if not kinds:
                assert (first, stats.accepted) == (Delivered(1, 0, "b"), 1)
                continue
            assert isinstance(first, Incident)
            assert first.kind == kinds[0], (reply.status, first)
            assert (stats.dead, stats.pending) == ((1, 0) if kinds == ["dead"] else (0, 1))


def test_an_unreachable_platform_counts_as_no_answer() -> None:
    with FakeProviders() as server:
        pass
    first, stats = first_report(server)
    assert (first.kind, stats.pending) == ("retrying", 1)


def test_the_times_are_these() -> None:
    request = inspect.signature(Recorder).parameters["request_timeout"].default
    times = [
        delivery.RETRY.cap,
        delivery.RETRY.retry_after_cap,
        delivery.FIRST_PROBE_INTERVAL,
        delivery.MAX_PROBE_INTERVAL,
        delivery.MIN_FLUSH_INTERVAL,
        delivery.SET_ASIDE_SECONDS,
        request,
        sender.IDLE_TIMEOUT,
    ]
    assert [float(row[1]) for row in table("outage", "Times")] == times


# Links


def anchors(page: str) -> list[str]:
    """Return the anchors of a page's headings, as Git hosts generate them."""
    headings = re.findall(r"^#+ (.*)$", text(page), re.M)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        file, _, anchor = target.partition("#")
        if file.endswith(".md") or not file:
            other = file[:-3] or page
            assert (GUIDES / f"{other}.md").is_file(), target
            assert not anchor or anchor in anchors(other), target
