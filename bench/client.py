"""The client against urllib3 and pydantic by hand, and against the generator's stock templates."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import generated_lines
import stock_client
from fixtures import README_EVENT, READY_EVENT, SHORT_EVENT, mixed_events
from measure import BENCH, Pace, Samples, Worker, cpus, fresh_process, human, interleave, measure_workers, ratio, walls
from report import Row, Section

import openmonetize

_TEXT = """
*By hand* is urllib3's `PoolManager` and pydantic models of the same fields (`bench/clients/by_hand.py`), *stock* the
same contract through OpenAPI Generator's stock templates, {stock}, *bare pool* by hand without
urllib3's own redirects and retries. All talk to a canned server in a process of its own. The library runs with its
defaults: deadline, bounded responses, retries, checked events, remembered ids. *Again* is a second worker that does
the same by hand, which shows how much of a ratio is noise.
"""

_WHY_START = (
    "the library adds some 25 modules to those of urllib3 and pydantic, at about half a millisecond each, "
    "and its models are checked more strictly"
)
_WHY_GET = (
    "the time that a bare pool saves over `PoolManager` is spent on the deadline of every single read, the bounded "
    "response, the request's id and fields that may be missing or of another type"
)
_WHY_POST = (
    "every event is serialised separately, so that its size is known, and the hash of its bytes is remembered, so "
    "that its id cannot stand for another event; by hand the whole list is serialised in one pass, unchecked"
)
_WHY_BUILD = (
    "by hand the values are taken as they are. The library makes the id (a call of the operating system) or derives "
    "it (SHA-1), writes the time in UTC, copies and checks the metadata, and refuses events that are never billed; "
    "`the same work by hand` uses `uuid`, `datetime` and `str.upper`, without any check"
)
_WHY_JSON = "ids, times and providers are checked against patterns, and events that are never billed are refused"
_WHY_LINES = "all prose of the contract is in docstrings too; without docstrings and blank lines the target is met"


@contextmanager
def canned_server(port: int = 0) -> Iterator[str]:
    """Run a canned server at a port, by default a free one, and yield its URL."""
    command = [sys.executable, str(BENCH / "canned_server.py"), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.communicate()


def measure(pace: Pace) -> Section:
    """Return all measurements of the client."""
    with TemporaryDirectory() as directory, canned_server() as url:
        stock: str | None = directory
        try:
            stock_client.generate(Path(directory))
            subprocess.run([sys.executable, "-m", "compileall", "-q", directory], check=True)
            stock_note = "generated for this run"
        except stock_client.Unavailable as reason:
            stock, stock_note = None, f"left out: {reason}"
        rows = [*_startup(url, stock, pace), *_calls(url, stock, pace), *_events(stock, pace), *_lines(stock)]
    return Section("Client", _TEXT.format(stock=stock_note), rows)


def _row(what: str, limit: float, samples: Samples, floor: str = "by hand", why: str = "") -> Row:
    ours = samples["ours"]
    wall = ratio(walls(ours), walls(samples[floor]))
    cpu = ratio(cpus(ours), cpus(samples[floor]))
    return Row(
        what,
        f"≤ {limit:.2f} × {floor}",
        f"{wall}; CPU {cpu.value:.2f}",
        wall.within(limit),
        ", ".join(f"{side} {human(median(walls(found)))}" for side, found in samples.items()),
        why,
    )


def _startup(url: str, stock: str | None, pace: Pace) -> Iterator[Row]:
    samples = interleave(
        {"ours": fresh_process("-c", "import openmonetize"), "nothing": fresh_process("-c", "pass")}, pace.starts
    )
    added = median(walls(samples["ours"])) - median(walls(samples["nothing"]))
    sides = ", ".join(f"{side} {human(median(walls(found)))}" for side, found in samples.items())
    yield Row("`import openmonetize`", "≤ `pass` + 10 ms", f"`pass` + {human(added)}", added <= 0.010, sides)
    for what, script, limit in (
        ("import lines of the README", "import_lines", 1.10),
        ("process start to first metered event", "first_event", 1.25),
    ):
        sides_of = {
            "ours": fresh_process(_script(f"ours_{script}"), url),
            "by hand": fresh_process(_script(f"by_hand_{script}"), url),
        }
        if stock is not None:
            sides_of["stock"] = fresh_process(_script(f"stock_{script}"), url, path=[stock])
        yield _row(what, limit, interleave(sides_of, pace.starts), why=_WHY_START)


def _script(name: str) -> str:
    return str(BENCH / "startup" / f"{name}.py")


def _workers(
    function: str, *arguments: Any, stock: str | None = None, pool: bool = False
) -> dict[str, Callable[[], Worker]]:
    def side(module: str, *path: str) -> Callable[[], Worker]:
        return lambda: Worker(f"clients.{module}", function, *arguments, path=path)

    sides = {"ours": side("ours"), "by hand": side("by_hand")}
    if pool:
        sides["bare pool"] = side("bare_pool")
        sides["again"] = side("by_hand")
    if stock is not None:
        sides["stock"] = side("stock", stock)
    return sides


def _calls(url: str, stock: str | None, pace: Pace) -> Iterator[Row]:
    for what, limit, function, arguments in (
        ("small GET", 1.0, "get_balance", [url]),
        ("GET of 50 rows", 1.0, "get_transactions", [url]),
        ("POST of 1 ready event", 1.15, "post", [url, 1]),
        ("POST of 100 ready events", 1.15, "post", [url, 100]),
        ("POST of 1,000 ready events", 1.15, "post", [url, 1000]),
    ):
        samples = measure_workers(_workers(function, *arguments, stock=stock, pool=True), pace)
        yield _row(what, limit, samples, why=_WHY_POST if function == "post" else _WHY_GET)


def _events(stock: str | None, pace: Pace) -> Iterator[Row]:
    for what, values, taken_by_stock in (
        ("building an event, values in the wire's form", READY_EVENT, True),
        ("building an event, id and time left to the library", SHORT_EVENT, True),
        ("building an event, the README's values", README_EVENT, False),
    ):
        sides = _workers("build", values, stock=stock if taken_by_stock else None)
        if values is not READY_EVENT:
            sides["the same work by hand"] = partial(Worker, "clients.by_hand", "build_alike", values)
        yield _row(what, 2.0, measure_workers(sides, pace), why=_WHY_BUILD)
    text = json.dumps(mixed_events(100))
    samples = measure_workers(_workers("read_events", text, stock=stock), pace)
    yield _row("100 mixed events from JSON", 1.3, samples, why=_WHY_JSON)


def _lines(stock: str | None) -> list[Row]:
    package = Path(openmonetize.__file__).parent
    rows = []
    for what, count, limit in (
        ("generated lines an operation", generated_lines.operations, 45),
        ("generated lines a model", generated_lines.models, 30),
    ):
        ours = count(package)
        sides = f"without docstrings and blank lines {ours.code:.1f}"
        if stock is not None:
            theirs = count(Path(stock) / stock_client.PACKAGE)
            sides += f"; stock {theirs.all:.0f}, without {theirs.code:.0f}"
        rows.append(Row(what, f"≤ {limit}", f"{ours.all:.1f}", ours.all <= limit, sides, _WHY_LINES))
    return rows
