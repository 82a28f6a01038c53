"""Meter a day of mixed LLM traffic, lose some of it, and show that the bill equals the providers' in the end.

`make invoice`, or `python examples/invoice.py`. The providers' own libraries (openai, anthropic, google-genai) call
fake providers on this machine, which charge list prices, and report that as the real ones do. The platform is a
local sandbox. Nothing leaves this machine, and no key is needed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import openai
from google import genai
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.highlighter import NullHighlighter
from rich.logging import RichHandler
from rich.table import Table

from openmonetize import OpenMonetize
from openmonetize.reconcile import REASONS, Reconciliation
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders

USER = "acme-katherine-johnson"
CREDITS_PER_USD = 1000
GRANT = 100_000  # credits
CLAUDE, GEMINI, GPT = "claude-haiku-4-5", "gemini-2.5-pro", "gpt-4o"
QUESTION: Any = [{"role": "user", "content": "What does the contract say about this?"}]
LOST = 3
BATCH_TIMEOUT, BILLING_TIMEOUT = 30.0, 30.0  # seconds
CENT = Decimal("0.01")
COLUMNS = ("recorded", "platform", "provider")


class Day(NamedTuple):
    """What the traffic runs between.

    Attributes:
        om: the client that meters it.
        fake: the providers that serve it, and charge for it.
        sandbox: the platform that bills it.
    """

    om: OpenMonetize
    fake: FakeProviders
    sandbox: Sandbox


def cached_claude(day: Day) -> None:
    """Talk with Claude about a document that is written to the prompt cache once, and read from there then."""
    claude = day.om.wrap(anthropic.Anthropic(), feature_id="contracts", user_id=USER)
    first = Answer(input_tokens=150_086, cache_write_tokens=150_000, output_tokens=480)
    later = Answer(input_tokens=150_600, cached_tokens=150_000, cache_write_tokens=480, output_tokens=650)
    for day.fake.script in [first, *[later] * 23]:
        claude.messages.create(model=CLAUDE, max_tokens=1000, messages=QUESTION)


def thinking_gemini(day: Day) -> None:
    """Let Gemini think: most of what is paid for is not in the answer."""
    gemini = day.om.wrap(genai.Client(), feature_id="planning", user_id=USER)
    day.fake.script = Answer(input_tokens=1_000, output_tokens=1_274, reasoning_tokens=1_214)
    for _ in range(16):
        gemini.models.generate_content(model=GEMINI, contents="Why?")


def lost_by_the_platform(day: Day) -> None:
    """Search with GPT-4o while the platform loses some of the usage that it has accepted."""
    gpt = day.om.wrap(openai.OpenAI(), feature_id="search", user_id=USER)
    day.fake.script = Answer(input_tokens=5_000, cached_tokens=4_000, output_tokens=345)
    for number in range(12):
        if number == 12 - LOST:
            day.om.flush()
            day.sandbox.fail_next("accept-and-lose", times=LOST)
        gpt.chat.completions.create(model=GPT, messages=QUESTION)
    day.om.flush()


def openai_batch(day: Day) -> None:
    """Follow a batch of OpenAI, which costs half, until it has ended."""
    day.fake.script = Answer(input_tokens=12_000, output_tokens=800)
    gpt = openai.OpenAI()
    body = {"model": GPT, "messages": QUESTION}
    lines = [
        json.dumps({"custom_id": f"invoice-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body})
        for number in range(30)
    ]
    file = gpt.files.create(file=("lines.jsonl", "\n".join(lines).encode()), purpose="batch")
    batch = gpt.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    day.om.follow(batch, client=gpt, feature_id="invoices", user_id=USER, poll_interval=0.1)
    deadline = time.monotonic() + BATCH_TIMEOUT
    while day.om.stats().followed and time.monotonic() < deadline:
        time.sleep(0.05)


def aborted_streams(day: Day) -> None:
    """Close streams after their first words: the providers charge for what was written until then."""
    day.fake.script = Answer("One two three four five six.", input_tokens=1_990, output_tokens=60)
    claude = day.om.wrap(anthropic.Anthropic(), feature_id="contracts", user_id=USER)
    with claude.messages.create(model=CLAUDE, max_tokens=1000, messages=QUESTION, stream=True) as events:
        next(iter(events))
    gemini = day.om.wrap(genai.Client(), feature_id="planning", user_id=USER)
    parts: Any = gemini.models.generate_content_stream(model=GEMINI, contents="Why?")
    next(parts)
    parts.close()


TRAFFIC: dict[str, Callable[[Day], None]] = {
    "24 turns of Claude Haiku 4.5 about a document of 150,000 cached tokens": cached_claude,
    "16 answers of Gemini 2.5 Pro: 60 tokens of text and 1,214 of thinking each": thinking_gemini,
    f"12 searches with GPT-4o, of which the platform accepts {LOST} and loses them": lost_by_the_platform,
    "30 requests in an OpenAI batch, at half price, followed until it has ended": openai_batch,
    "2 streams, of Claude and of Gemini, which are closed after their first words": aborted_streams,
}


def amount(value: Decimal | None) -> str:
    """Return an amount in US dollars, for people."""
    return "" if value is None else f"{value:,.4f}"


def columns_table(found: Reconciliation) -> Table:
    """Return the three columns in US dollars, by model, with the number of events or requests that are known."""
    table = Table(box=SIMPLE_HEAD, show_footer=True)
    table.add_column("model", "together", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, amount(getattr(found, f"{name}_usd")), justify="right", no_wrap=True)
    table.add_column("events", justify="right", no_wrap=True)
    for row in found.rows:
        gap = row.recorded_events - row.platform_events
        events = f"[red]{gap} of {row.recorded_events} missing[/red]" if gap else f"{row.recorded_events}"
        table.add_row(row.model, amount(row.recorded_usd), amount(row.platform_usd), amount(row.provider_usd), events)
    return table


def reasons_table(found: Reconciliation) -> Table:
    """Return why the provider's column is above the platform's, or below it."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("why they differ", no_wrap=True)
    table.add_column("USD", justify="right", no_wrap=True)
    table.add_column("")
    for reason, usd in found.by_reason().items():
        table.add_row(reason, amount(usd), REASONS[reason])
    return table


def sums(found: Reconciliation) -> dict[str, list[Decimal]]:
    """Return the three columns by provider, and together, in whole cents of US dollars."""
    providers = sorted({row.provider for row in found.rows if row.provider})
    rows = {name: [row for row in found.rows if row.provider == name] for name in providers}
    rows["together"] = found.rows
    return {
        name: [
            sum((getattr(row, f"{column}_usd") or Decimal(0) for row in chosen), Decimal(0)).quantize(
                CENT, ROUND_HALF_UP
            )
            for column in COLUMNS
        ]
        for name, chosen in rows.items()
    }


def mark(is_right: bool) -> str:
    """Return a mark for what is right, or wrong."""
    return "[green]✓[/green]" if is_right else "[red]✗[/red]"


def heading(text: str, console: Console) -> None:
    """Print a heading."""
    console.print()
    console.rule(f"[bold]{text}[/bold]", align="left")


def show(found: Reconciliation, title: str, console: Console) -> None:
    """Print the columns and why they differ."""
    heading(title, console)
    console.print(columns_table(found))
    console.print(reasons_table(found))
    for note in found.notes:
        console.print(note)


def main() -> int:
    """Run the demo; return 0 if the three columns agree to the cent after the repair."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--no-repair", action="store_true", help="leave what is lost as it is: the columns differ")
    repair = not parser.parse_args().no_repair
    console = Console(highlight=False)
    log = RichHandler(console=console, highlighter=NullHighlighter(), show_time=False, show_path=False)
    logging.getLogger("openmonetize").addHandler(log)

    with Sandbox() as sandbox, FakeProviders() as fake, tempfile.TemporaryDirectory() as folder:
        os.environ.update(fake.environment())
        # Losses are told, and stay until they are to be repaired.
        settings: dict[str, Any] = {"outbox": Path(folder, "outbox"), "verify": "report"}
        settings["token_policy"] = "price_equivalent"
        with OpenMonetize(sandbox.key, sandbox.url, **settings) as om:
            om.credits.grant(user_id=USER, amount=GRANT)
            heading("A day of mixed traffic", console)
            for text, traffic in TRAFFIC.items():
                console.print("•", text)
                traffic(Day(om, fake, sandbox))
            om.wait_billed(BILLING_TIMEOUT)

        # The next morning: another process opens the same outbox.
        with OpenMonetize(sandbox.key, sandbox.url, **settings) as om:
            google = Path(folder, "google.csv")  # Google has no API for it: its costs are exported
            fake.export_usage(google, "google")
            reports = ["openai", "anthropic", google]
            show(om.reconcile(reports), "The three columns, in US dollars", console)
            heading("The repair" if repair else "No repair", console)
            after = om.reconcile(reports, repair=repair)
            show(after, "The three columns after it, in US dollars", console)

            balance = om.credits.user_balance(USER).data
            burned = GRANT - (balance.balance or 0) if balance else 0
        heading("To the cent", console)
        agrees = bool(after)
        for name, values in sums(after).items():
            is_same = len(set(values)) == 1
            agrees = agrees and is_same
            named = ", ".join(f"{column} ${value:,}" for column, value in zip(COLUMNS, values))
            console.print(f"  {mark(is_same)} {name}: {named}")
        is_paid = Decimal(burned) / CREDITS_PER_USD == after.platform_usd
        console.print(f"  {mark(is_paid)} {USER}'s wallet: {burned:,} credits burned")
        console.print()
        if agrees and is_paid:
            console.print("[bold green]three columns agree to the cent[/bold green]")
            return 0
        console.print(f"[bold red]the three columns do not agree: off by ${amount(after.off_usd)}[/bold red]")
        return 1


if __name__ == "__main__":
    sys.exit(main())
