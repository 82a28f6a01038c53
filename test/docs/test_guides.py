"""The Python blocks of the guides run as written, against the sandbox, and against one that bills later.

The blocks of a page share one namespace, in order. Hosts and keys are those of the environment; in the second run the
blocks' own sandboxes are substituted. A block that begins with a file name is a program and runs in a process of its
own. A comment after a print is its expected output. Provider clients are the real libraries and talk to the fake
providers. A section that needs a framework runs where that is installed (test/integrations/test_guides.py). A section
that needs another library that is not installed is left out, and the page's test is then skipped with the reason.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integrations.guides import EXAMPLES, WHOLE_PAGES
from providers.calls import library_warnings

from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

from .pages import GUIDES, PAGES, libraries, sections, text
from .reader import DATABASE, Run

ROOT = GUIDES.parents[1]
# The sandbox of each run, and what stands in for those that the blocks start themselves.
AT_ONCE, LATER = "Sandbox(", "Sandbox(mode='faithful', processing_delay=0.15, "
# What the guides' environment has (nox: docs), beside the standard library.
LIBRARIES = {
    *("anthropic", "boto3", "celery", "cohere", "fastapi", "genai_prices", "google", "matplotlib", "mistralai"),
    *("openai", "pandas", "psycopg", "pydantic"),
}
LANGUAGES = {"bash", "json", "python", "sh", "sql", "toml", "yaml"}


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders() as started:
        yield started


@pytest.fixture
def kind() -> str:
    """How the sandboxes are made; the second run overrides it."""
    return AT_ONCE


@pytest.fixture
def page_run(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fake: FakeProviders,
    kind: str,
) -> Iterator[Run]:
    sandbox = eval(f"{kind})", {"Sandbox": Sandbox}).start()
    assert sandbox.key is not None
    hosts = {
        "Sandbox(": kind,
        # Cohere's library reads CO_API_URL when it is imported, which another test may have done before.
        "cohere.ClientV2()": f"cohere.ClientV2(base_url={fake.cohere_url!r})",
    }
    if DATABASE in text(request.param):
        hosts[DATABASE] = request.getfixturevalue("database")
    environment = {
        **fake.environment(),
        "OPENMONETIZE_API_KEY": sandbox.key,
        "OPENMONETIZE_BASE_URL": sandbox.url,
        "PYTHONPATH": str(ROOT),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    run = Run(request.param, tmp_path, hosts)
    yield run
    run.close()
    sandbox.stop()


EVERY_PAGE = pytest.mark.parametrize(
    ("page_run", "page"), [(page, page) for page in PAGES], indirect=["page_run"], ids=PAGES
)


@library_warnings
@EVERY_PAGE
def test_every_block_of_the_page_runs(page_run: Run, page: str) -> None:
    run_page(page_run)


@library_warnings
@pytest.mark.slow
@EVERY_PAGE
@pytest.mark.parametrize("kind", [LATER], ids=["later"])
def test_every_block_of_the_page_runs_where_billing_takes_time(page_run: Run, page: str) -> None:
    run_page(page_run)


def run_page(page_run: Run) -> None:
    left_out = page_run.page()
    if left_out:
        pytest.skip(f"all but: {'; '.join(left_out)}")


def test_the_index_links_all_pages() -> None:
    assert {f"]({name}.md)" in text("index") for name in PAGES if name != "index"} == {True}


@pytest.mark.skipif(sys.version_info < (3, 10), reason="this Python does not list its modules")
def test_every_section_runs_here_or_with_its_framework() -> None:
    needs = {
        (page, section.title): {name for name, _ in libraries(section, found)} - LIBRARIES - sys.stdlib_module_names
        for page, found in ((page, sections(page)) for page in PAGES)
        for section in found
        if section.blocks and page not in WHOLE_PAGES
    }
    assert needs.keys() >= EXAMPLES.keys()
    assert {place for place, names in needs.items() if names} <= EXAMPLES.keys()


@pytest.mark.parametrize("page", PAGES)
def test_no_block_is_written_so_that_it_does_not_run(page: str) -> None:
    fences = {line for line in text(page).splitlines() if "```" in line}
    assert fences <= {"```"} | {f"```{language}" for language in LANGUAGES}
