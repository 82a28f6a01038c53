"""Meter an hour of real LLM traffic against a local sandbox, and check that the sandbox counted the same.

`make demo`, or `python examples/demo.py --help`. The requests are the Azure LLM inference trace 2023 (CC BY 4.0;
Patel et al., "Splitwise", ISCA 2024). The trace names no model, so one is assumed for each of its two files.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from openmonetize import (
    AnalyticsApi,
    ApiClient,
    Configuration,
    CreditsApi,
    CustomersApi,
    EventsApi,
    TokenUsageEvent,
)
from openmonetize.pricing import credits_for_tokens
from openmonetize.sandbox import Sandbox

DATA = Path(__file__).parent / "data"
# A file of the trace, and the provider, model and feature that the demo assumes for it.
TRACES = {
    "AzureLLMInferenceTrace_conv.csv.gz": ("OPENAI", "gpt-4o", "chat"),
    "AzureLLMInferenceTrace_code.csv.gz": ("ANTHROPIC", "claude-4.5-sonnet", "code-completion"),
}
COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
OWN_TRACE = ("OPENAI", "gpt-4o-mini", "own-trace")
USERS = ("ada", "grace", "edsger", "barbara", "donald")
GRANT = 60_000  # credits for each user; 1,000 credits are 1 US dollar


@dataclass(frozen=True)
class Request:
    """One line of a trace, with the assumed provider, model and feature."""

    timestamp: str
    input_tokens: int
    output_tokens: int
    provider: str
    model: str
    feature: str


def read_trace(path: Path, assumed: tuple[str, str, str]) -> Iterator[Request]:
    """Yield the requests of a trace, plain or gzipped: columns TIMESTAMP (UTC), ContextTokens, GeneratedTokens.

    Raises:
        OSError, ValueError: the file cannot be read, or is not such a trace.
    """
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        rows = csv.DictReader(lines)
        if not {*COLUMNS} <= {*(rows.fieldnames or ())}:
            raise ValueError(f"{path} needs the columns {', '.join(COLUMNS)}")
        for row in rows:
            time, tokens_in, tokens_out = (row[column] for column in COLUMNS)
            yield Request(time.replace(" ", "T")[:26] + "Z", int(tokens_in), int(tokens_out), *assumed)


def meter(api: EventsApi, customer_id: str, requests: list[Request], console: Console) -> int:
    """Send every request as a usage event, and return how many the platform accepted."""
    events = (
        TokenUsageEvent(
            customer_id=customer_id,
            user_id=user_of(number),
            feature_id=request.feature,
            provider=request.provider,
            model=request.model,
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
            timestamp=request.timestamp,
        )
        for number, request in enumerate(requests)
    )
    columns = (TextColumn("metering"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        watched = progress.track(events, total=len(requests))
        return api.ingest(events=watched).accepted


def user_of(number: int) -> str:
    """Return the user of a request: the users take turns."""
    return f"demo_{USERS[number % len(USERS)]}"


def number_table(label: str, *columns: str) -> Table:
    """Return an empty table with a column of labels and columns of numbers."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column(label, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def usage_table(requests: Iterable[Request], credits: dict[str, int]) -> Table:
    """Return a table of usage and credits by model."""
    count: Counter[str] = Counter()
    tokens: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for request in requests:
        count[request.model] += 1
        tokens[request.model][0] += request.input_tokens
        tokens[request.model][1] += request.output_tokens
    table = number_table("model", "requests", "tokens in", "tokens out", "credits", "USD")
    for model, number in count.items():
        used = (number, *tokens[model], credits[model])
        table.add_row(model, *(f"{value:,}" for value in used), f"{credits[model] / 1000:,.2f}")
    return table


def wait(text: str, console: Console) -> None:
    """Print a text, and wait for Ctrl-C."""
    try:
        console.print(text, highlight=False, soft_wrap=True)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        console.print("stopped")


def main() -> int:
    """Run the demo; return 0 if the sandbox counted what was sent."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trace", type=Path, help="another trace (CSV, may be gzipped) instead of the shipped ones")
    parser.add_argument("--keep", action="store_true", help="keep the sandbox running, until Ctrl-C")
    arguments = parser.parse_args()
    console = Console()

    traces = {arguments.trace: OWN_TRACE} if arguments.trace else {DATA / name: a for name, a in TRACES.items()}
    for path, (provider, model, _) in traces.items():
        console.print(f"assuming that {path.name} was served by {provider} {model}", highlight=False, soft_wrap=True)
    try:
        requests = [request for path, assumed in traces.items() for request in read_trace(path, assumed)]
    except (OSError, ValueError) as error:
        parser.error(f"cannot read the trace: {error}")
    if not requests:
        parser.error("the trace has no requests")
    input_tokens = sum(request.input_tokens for request in requests)
    output_tokens = sum(request.output_tokens for request in requests)
    expected: Counter[str] = Counter()
    for request in requests:
        cost = credits_for_tokens(request.provider, request.model, request.input_tokens, request.output_tokens)
        expected[request.model] += cost.credits

    with Sandbox(accounts="none") as sandbox:
        console.print(f"sandbox at {sandbox.url}", highlight=False)
        config = Configuration(host=sandbox.url)
        with ApiClient(config) as client:
            account = CustomersApi(client).register(name="Demo", email="demo@example.com", tier="ENTERPRISE").data
            # Any field of an answer may be missing: the types say so, and the sandbox sends them all.
            assert account is not None
            assert account.api_key is not None
            assert account.customer_id is not None
            config.api_key["bearerAuth"] = account.api_key
            credits_api = CreditsApi(client)
            users = [user_of(number) for number in range(len(USERS))]
            for user in users:
                credits_api.grant(user_id=user, amount=GRANT, reason="demo", idempotency_key=str(uuid4()))

            accepted = meter(EventsApi(client), account.customer_id, requests, console)

            console.print(usage_table(requests, expected))
            burned = 0
            wallets = number_table("user", "credits granted", "credits left")
            for user in users:
                wallet = credits_api.user_balance(user).data
                assert wallet is not None
                assert wallet.balance is not None
                burned += GRANT - wallet.balance
                wallets.add_row(user, f"{GRANT:,}", f"{wallet.balance:,}")
            console.print(wallets)

            usage = AnalyticsApi(client).usage(start_date=min(r.timestamp for r in requests)).data
            assert usage is not None
            assert usage.summary is not None
            counted = usage.summary
        sent = (len(requests), input_tokens, output_tokens, sum(expected.values()))
        stored = (counted.total_events, counted.total_input_tokens, counted.total_output_tokens, burned)
        same = sent == stored and accepted == len(requests) and counted.total_credits_burned == burned
        verdict = "the sandbox counted the same" if same else f"the sandbox counted {stored}"
        console.print(
            f"metered {sent[0]:,} requests: {sent[1]:,} input tokens, {sent[2]:,} output tokens, "
            f"{sent[3]:,} credits; {verdict}",
            highlight=False,
            soft_wrap=True,
        )
        if arguments.keep:
            wait(f"console: {sandbox.url}/  key: {account.api_key}  Ctrl-C stops it", console)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
