"""The checks that CI runs, each in an environment of its own: `nox --list` names them, `nox -s NAME` runs one.

Sessions install the versions that `requirements/dev.txt` locks, and check their hashes. `canary` and `lowest` do not,
since they test other versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "drift", "contract", "docs", "packages", "sbom"]

PROJECT = nox.project.load_toml("pyproject.toml")
LOCK = "requirements/dev.txt"
DIST = Path("dist")
EXTRAS = ".[cli,files,notebook,prices,sandbox]"
MODULES = ("_exports.py", "_servers.py", "api", "client/apis.py", "models")
GENERATED = ["README.md", "docs", *(f"openmonetize/{name}" for name in MODULES)]
REDOCLY, SPECTRAL = "@redocly/cli@2.77.0", "@stoplight/spectral-cli@6.16.3"
PYTEST = ["pytest", "-q", "-n", "4", "--dist", "loadfile"]

# By environment, the extras of the frameworks in it, and the integrations that are tested there.
FRAMEWORKS = {
    "agents": "claude-agent-sdk,google-adk,litellm,openai-agents,opentelemetry,pydantic-ai",
    "chains": "crewai,langchain,llama-index,mcp,opentelemetry",
    "objects": "objects",
    "proxy": "litellm",
    "spans": "opentelemetry,pydantic-ai",
    "spark": "spark",
    "web": "celery,django,fastapi,flask,kafka,langchain,mcp,opentelemetry",
}
INTEGRATIONS = {
    "agents": ["claude_agent_sdk", "google_adk", "guides", "litellm", "openai_agents", "pairs", "pydantic_ai"],
    "chains": ["crewai", "guides", "instructor", "langchain", "llama_index", "mcp", "pairs"],  # MCP's SDK 1.x
    "objects": ["objects"],
    "proxy": ["litellm", "litellm_proxy"],
    "spans": ["adapters_bench", "guides", "opentelemetry", "pairs"],
    "spark": ["spark", "spark_delivery", "spark_reconcile"],
    "web": [
        *("asgi", "celery", "django", "fastapi", "flask", "guides", "kafka", "mcp", "mcp_command", "mcp_http"),
        *("research_app", "transactions", "wsgi"),
    ],
}
# Where tests are not spread over four processes by file: those of Kafka and Celery mostly wait, and the proxy's workers
# need the processors themselves.
SPREAD = {"proxy": ["-n", "2"], "web": ["--dist", "worksteal"]}


def install(session: nox.Session, *groups: str) -> None:
    """Install the package and dependency groups, in locked versions."""
    named = [argument for group in groups for argument in ("--group", group)]
    session.install("--constraint", LOCK, "--build-constraint", LOCK, "--editable", EXTRAS, *named)


def install_frameworks(session: nox.Session, environment: str) -> None:
    """Install the package and the frameworks of an environment, in locked versions."""
    session.install("--require-hashes", "-r", f"requirements/frameworks-{environment}.txt")
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")


def test_integrations(session: nox.Session, environment: str) -> None:
    """Run the tests of the integrations with the frameworks of an environment."""
    tests = [f"test/integrations/test_{name}.py" for name in INTEGRATIONS[environment]]
    options = [*SPREAD.get(environment, []), *tests, *session.posargs]
    session.run("python", "-m", *PYTEST, *options, env={"OPENMONETIZE_FRAMEWORKS": environment})


def git(*arguments: str) -> str:
    """Return the output of a git command."""
    return subprocess.run(["git", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@nox.session(python=["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run the tests that need no other libraries and few seconds. `make test` runs the whole suite, on one Python."""
    install(session, "test")
    session.run("python", "-m", *PYTEST, "-m", "not slow", *session.posargs)


@nox.session(python="3.9")
def lowest(session: nox.Session) -> None:
    """Run tests on the oldest Python with the lowest versions that pyproject.toml allows."""
    session.install("--constraint", LOCK, "--group", "test")
    session.install("--upgrade", "--resolution", "lowest-direct", "--editable", ".[cli,files,sandbox]")
    session.run("python", "-m", *PYTEST, "-m", "not slow", *session.posargs)


@nox.session(python="3.13")
@nox.parametrize("environment", list(FRAMEWORKS), ids=list(FRAMEWORKS))
def frameworks(session: nox.Session, environment: str) -> None:
    """Run the tests of the integrations with the real frameworks. None of them may be skipped."""
    install_frameworks(session, environment)
    test_integrations(session, environment)


@nox.session(python="3.11")
@nox.parametrize("environment", list(FRAMEWORKS), ids=list(FRAMEWORKS))
def frameworks_oldest(session: nox.Session, environment: str) -> None:
    """Run the same tests with the oldest versions of the frameworks that pyproject.toml allows."""
    wanted = ["--editable", f".[cli,sandbox,{FRAMEWORKS[environment]}]", "--group", f"frameworks-{environment}"]
    session.install("--upgrade", "--resolution", "lowest-direct", *wanted)
    test_integrations(session, environment)


@nox.session
@nox.parametrize("group", ["test", "dev"])
def canary(session: nox.Session, group: str) -> None:
    """Run the tests with the newest libraries: once without those that hold back what the package depends on."""
    session.install("--upgrade", "--editable", EXTRAS, "--group", group)
    session.run("uv", "pip", "list", external=True)
    session.run("python", "-m", *PYTEST, "-m", "not slow", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which branches of the hand-written code the suite takes, and name the ten files with the fewest."""
    install(session, "dev")
    session.run("coverage", "erase")
    # Coverage itself loads sqlite3 into every child process, which this test forbids the library to do.
    imports = "test/client/test_openmonetize.py::test_importing_it_starts_nothing_and_loads_no_providers_library"
    tests = [*PYTEST, "-m", "not slow", "--deselect", imports, *session.posargs]
    # Shown, not required: a test that fails only because measuring slows it down is not an error here.
    session.run("coverage", "run", "-m", *tests, success_codes=[0, 1])
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "json", "--quiet")
    report = json.loads(Path("coverage.json").read_text(encoding="utf-8"))
    percent = {name: file["summary"]["percent_covered"] for name, file in report["files"].items()}
    for name in sorted(percent, key=lambda name: percent[name])[:10]:
        print(f"{percent[name]:6.1f} %  {name}")
    print(f"{report['totals']['percent_covered']:6.1f} %  of {len(percent)} files")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and which packages import which."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check the package, the examples and the public API with two type checkers."""
    install(session, "types", "docs")
    session.run("mypy")
    session.run("pyright")


@nox.session
def drift(session: nox.Session) -> None:
    """Generate the client again, and fail where the generated files are not what openapi.yaml says."""
    install(session, "codegen")
    session.run("python", "codegen/generate.py")
    session.run("git", "diff", "--exit-code", "--", *GENERATED, external=True)
    if untracked := git("ls-files", "--others", "--exclude-standard", "--", *GENERATED):
        session.error(f"generated, but not under version control:\n{untracked}")


@nox.session(venv_backend="none")
def contract(session: nox.Session) -> None:
    """Check openapi.yaml with the two linters that most makers of such contracts use. npx fetches them."""
    session.env.update(REDOCLY_TELEMETRY="off", REDOCLY_SUPPRESS_UPDATE_NOTICE="true")
    npx = ["npx", "--yes", "--package"]
    session.run(*npx, REDOCLY, "redocly", "lint", "--extends", "recommended-strict", "openapi.yaml", external=True)
    rules = Path(session.create_tmp(), "spectral.yaml")
    rules.write_text('extends: ["spectral:oas"]\n', encoding="utf-8")
    options = ["--ruleset", str(rules), "--fail-severity", "warn"]
    session.run(*npx, SPECTRAL, "spectral", "lint", *options, "openapi.yaml", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Run the examples of README and guides, and compare what they state with the code."""
    install(session, "docs")
    pages = ["test/docs", "test/testing/test_guide.py", "test/test_readme.py"]
    session.run("python", "-m", *PYTEST, *pages, *session.posargs)


@nox.session
def packages(session: nox.Session) -> None:
    """Build wheel and source distribution into dist/, check what they hold, and build both again to the same bytes."""
    session.install("--constraint", LOCK, "--group", "release")
    session.env["SOURCE_DATE_EPOCH"] = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct")
    build = ["python", "-m", "build", "--no-isolation", "--outdir"]
    shutil.rmtree(DIST, ignore_errors=True)
    session.run(*build, str(DIST))
    session.run("twine", "check", "--strict", *map(str, DIST.iterdir()))
    wheel, sdist = next(DIST.glob("*.whl")), next(DIST.glob("*.tar.gz"))
    name = sdist.name[: -len(".tar.gz")]

    with zipfile.ZipFile(wheel) as archive:
        top = {member.partition("/")[0] for member in archive.namelist()}
        metadata = archive.read(f"{name}.dist-info/METADATA").decode()
    if top != {"openmonetize", f"{name}.dist-info"}:
        session.error(f"the wheel holds {top}")
    if relative := re.findall(r"\]\((?!https?://|#)[^)]*\)", metadata):
        session.error(f"the wheel's README has links that are broken on a package index: {relative}")

    with tempfile.TemporaryDirectory() as directory:
        with tarfile.open(sdist) as archive:
            archive.extractall(directory, filter="data")
        tree = Path(directory, name)
        included = [path.lstrip("/") for path in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]]
        tracked = {*git("ls-files", "--", *included).splitlines(), ".gitignore", "PKG-INFO"}
        held = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
        if held != tracked:
            session.error(f"the source distribution lacks, or should not have: {sorted(held ^ tracked)}")
        session.run(*build, str(tree / "dist"), str(tree))
        for first in (wheel, sdist):
            if first.read_bytes() != (tree / "dist" / first.name).read_bytes():
                session.error(f"{first.name} differs when it is built from the source distribution")


@nox.session
def sbom(session: nox.Session) -> None:
    """Install the wheel that is in dist/, and write its software bill of materials beside it (CycloneDX, JSON)."""
    session.install("--constraint", LOCK, "--group", "release")
    wheel = next(DIST.glob("*.whl"), None)
    if wheel is None:
        session.error("there is no wheel in dist/: run the session packages first")
    clean = Path(session.create_tmp(), "clean")
    python = str(clean / "bin" / "python")
    session.run("uv", "venv", "--quiet", "--clear", str(clean), external=True)
    session.run("uv", "pip", "install", "--quiet", "--python", python, "--constraint", LOCK, str(wheel), external=True)
    session.run(python, "-I", "-c", "from openmonetize import EventsApi, OpenMonetize", external=True)
    output = wheel.with_suffix(".cdx.json")
    options = ["--mc-type", "library", "--output-reproducible", "--output-file", str(output)]
    session.run("cyclonedx-py", "environment", "--pyproject", "pyproject.toml", *options, python)
    bill = json.loads(output.read_text(encoding="utf-8"))
    version = wheel.name.split("-")[1]  # not in pyproject.toml
    bill["metadata"]["component"].update(
        version=version,
        purl=f"pkg:pypi/openmonetize@{version}",
        hashes=[{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
    )
    output.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure, and write bench/RESULTS.md."""
    install(session, "bench")
    session.run("python", "bench/run.py", *session.posargs)


@nox.session(python="3.13")
@nox.parametrize("environment", list(FRAMEWORKS), ids=list(FRAMEWORKS))
def bench_frameworks(session: nox.Session, environment: str) -> None:
    """Measure what the adapters of frameworks cost, and write it to bench/RESULTS.md."""
    install_frameworks(session, environment)
    session.run("python", "bench/run.py", "--frameworks", environment, *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Run the metering tests with hundreds of killed processes instead of a few, and all faults several times."""
    install(session, "dev")
    tests = ["test/metering", "test/faults"]
    session.run("python", "-m", "pytest", "-q", *tests, *session.posargs, env={"OPENMONETIZE_SOAK": "500"})


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements/. Locked versions that still fit stay, unless `-- --upgrade` is given."""
    resolve = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    old = ["--python-version", "3.9"]
    # Those of frameworks are tested, and locked, apart.
    named = ("cli", "files", "notebook", "postgres", "prices", "redis", "sandbox")
    extras = [argument for name in named for argument in ("--extra", name)]
    locks = {
        "dev": [*old, "pyproject.toml", *extras, "--group", "dev"],
        "demo": [*old, "pyproject.toml", "--extra", "sandbox", "--group", "demo", "--constraint", LOCK],
        "invoice": [
            *old,
            *("pyproject.toml", "--extra", "files", "--extra", "prices", "--extra", "sandbox"),
            *("--group", "demo", "--group", "invoice", "--constraint", LOCK),
        ],
        "nox": [*old, "--group", "nox", "--constraint", LOCK],
    }
    for name, brought in FRAMEWORKS.items():
        extras = [argument for extra in ("cli", "sandbox", *brought.split(",")) for argument in ("--extra", extra)]
        group = ["--group", f"frameworks-{name}", "--python-version", "3.11"]
        locks[f"frameworks-{name}"] = ["pyproject.toml", *extras, *group]
    for name, sources in locks.items():
        output = ["--output-file", f"requirements/{name}.txt", *session.posargs]
        session.run(*resolve, *sources, *output, external=True, env={"UV_CUSTOM_COMPILE_COMMAND": "nox -s lock"})
