"""Adapters of frameworks: what a call costs with one, against the same call without it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from statistics import median

from measure import BENCH, Pace, Sample, cpus, difference, human, interleave, ratio, walls
from report import Row, Section

_TEXT = """
A call of a framework with its adapter, for a user of `om.context`, against the same call without it, in one process in
turn. Providers and platform are fake ones in another process of this machine, so that what a call costs elsewhere does
not count. The ratio is of the whole process's CPU time, until what was recorded is delivered: it is the program's own
work, whereas a model takes seconds to answer. Behind it is what the adapter adds to a call. The other sides show what
the framework itself takes for a callback, and what instrumentations take that make spans and send them nowhere. Web
applications are called as a server calls them, without one; *that asks a model* is with a wrapped client of `openai`.
A task of Celery does nothing, and carries its user. A paid tool is one that holds credits, and bills them. *On
the clock* tells something only on a machine that does nothing else. Each environment of `nox -s frameworks` is measured
by itself: the line above is about the last one. There is no target.
"""


# By environment of `nox -s frameworks`: the function of ``adapter_ways`` for each adapter, and whose version to report.
PROGRAMS: dict[str, dict[str, tuple[str, str]]] = {
    "spans": {
        "openai, `om.wrap`": ("wrapped", "openai"),
        "openai, `om.wrap`, a stream": ("streamed", "openai"),
        "openai, `om.instrument`": ("instrumented", "openai"),
        "OpenTelemetry, spans of OpenLLMetry": ("spans", "opentelemetry-sdk"),
    },
    "chains": {
        "LangChain": ("langchain", "langchain-core"),
        "LlamaIndex": ("llama_index", "llama-index-core"),
        "CrewAI": ("crewai", "crewai"),
    },
    "agents": {
        "LiteLLM": ("litellm", "litellm"),
        "LiteLLM, async": ("litellm_async", "litellm"),
        "OpenAI Agents SDK, hooks": ("agents_hooks", "openai-agents"),
        "OpenAI Agents SDK, tracing": ("agents_tracing", "openai-agents"),
        "Pydantic AI": ("pydantic_ai", "pydantic-ai-slim"),
        "Google ADK": ("google_adk", "google-adk"),
    },
    "web": {
        "FastAPI, a request": ("fastapi", "fastapi"),
        "FastAPI, a request that asks a model": ("fastapi_asking", "fastapi"),
        "Flask, a request": ("flask", "flask"),
        "Flask, a request that asks a model": ("flask_asking", "flask"),
        "Django, a request": ("django", "django"),
        "Django, a request that asks a model": ("django_asking", "django"),
        "MCP, a paid tool": ("mcp", "mcp"),
        "Celery, a task": ("celery", "celery"),
    },
}

_WITHOUT, _OURS = "without", "with it"
# Turns are so many times as long as those of other parts, and so many times fewer: what is recorded in a turn is
# delivered at its end, at once.
_TURN, _FEWER = 4, 6


def measure(pace: Pace, environment: str) -> Section:
    """Measure all adapters of the environment that runs this."""
    with _servers() as servers:
        rows = [_row(what, environment, *program, servers, pace) for what, program in PROGRAMS[environment].items()]
    return Section("Adapters of frameworks", _TEXT, rows, adds=True)


@contextmanager
def _servers() -> Iterator[str]:
    """Run the servers, and yield where they are, as JSON."""
    command = [sys.executable, str(BENCH / "adapter_servers.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline()
        process.communicate()


class _Worker:
    """A process that makes the calls of one framework in several ways; see ``adapter_worker.py``."""

    def __init__(self, module: str, function: str, servers: str) -> None:
        self._what = function
        self._process = subprocess.Popen(
            [sys.executable, str(BENCH / "adapter_worker.py"), module, function, servers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ways: list[str] = json.loads(self._read())

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._what} failed")
        return line

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()

    def run(self, way: str, count: int) -> Sample:
        """Make so many calls."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([way, count]) + "\n")
        self._process.stdin.flush()
        wall, cpu = self._read().split()
        return Sample(float(wall) / count, float(cpu) / count)

    def fitting(self, seconds: float) -> int:
        """Return how many calls take about so much CPU, after all ways had their first ones."""
        for way in self.ways:
            self.run(way, 20)
        return max(10, round(seconds / self.run(_WITHOUT, 20).cpu))


def _row(what: str, module: str, function: str, package: str, servers: str, pace: Pace) -> Row:
    worker = _Worker(module, function, servers)
    try:
        count = worker.fitting(pace.seconds * _TURN)
        samples = interleave(
            {way: partial(worker.run, way, count) for way in worker.ways}, max(2, pace.rounds // _FEWER)
        )
    finally:
        worker.stop()
    ours, without = samples[_OURS], samples[_WITHOUT]
    cpu, added = ratio(cpus(ours), cpus(without)), difference(cpus(ours), cpus(without))
    on_the_clock = ratio(walls(ours), walls(without)).value
    sides_text = ", ".join(f"{way} {human(median(cpus(found)))}" for way, found in samples.items())
    measured = f"CPU {cpu}, adds {added}; on the clock {on_the_clock:.2f}"
    return Row(what, "—", measured, None, f"{package} {version(package)}: {sides_text}")
