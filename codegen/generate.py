"""Regenerate the client from the contract: `make generate`, or `python codegen/generate.py --help`.

Generates into an empty directory, tidies, formats, and only then replaces what is generated in the target tree:
`openmonetize/api`, `openmonetize/models`, `openmonetize/_exports.py`, `openmonetize/client/apis.py` and the generated
pages of `docs/`. The files of removed schemas and tags are deleted; no other file is touched.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CODEGEN = Path(__file__).resolve().parent
ROOT = CODEGEN.parent
sys.path.insert(0, str(CODEGEN))

import yaml
from supported import unsupported
from tidy import tidy_markdown, tidy_python

from examples import with_model_example, with_operation_examples  # these three are beside this file

# What is generated of the package.
PACKAGES = ("api", "models")
MODULES = ("_exports.py", "client/apis.py")

PAGE_MARK = "<!-- Generated from openapi.yaml"
RUFF = ["--isolated", "--no-cache", "--config", "line-length=120", "--config", "target-version='py39'"]


def generate(spec: Path, work: Path) -> None:
    """Run OpenAPI Generator with the project's templates into the empty directory ``work``."""
    shutil.copy(ROOT / ".openapi-generator-ignore", work)
    command = [_tool("openapi-generator-cli"), "generate", "-i", str(spec), "-o", str(work)]
    command += ["-c", str(CODEGEN / "config.yaml"), "-t", str(CODEGEN / "templates")]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if " INFO " not in line and " WARN " not in line]
        raise SystemExit("\n".join(lines[-40:]))


def tidy(work: Path, contract: dict[str, Any]) -> None:
    """Post-process and format the generated files."""
    for path in sorted((work / "openmonetize").rglob("*.py")):
        path.write_text(tidy_python(path.read_text()))
    for path in sorted((work / "docs").glob("*.md")):
        page = path.read_text()
        is_api = path.stem.endswith("Api")
        page = with_operation_examples(page, contract) if is_api else with_model_example(page, path.stem, contract)
        path.write_text(tidy_markdown(page))
    package = str(work / "openmonetize")
    lint = ["check", "--select=I,F401,F811", "--fix", "--quiet"]
    lint += ["--config", "lint.isort.combine-as-imports=true"]
    lint += ["--config", "lint.isort.split-on-trailing-comma=false"]
    lint += ["--config", "lint.isort.known-first-party=['openmonetize']"]
    subprocess.run([_tool("ruff"), *lint, *RUFF, package], check=True)
    style = ["format", "--quiet", "--config", "format.skip-magic-trailing-comma=true"]
    subprocess.run([_tool("ruff"), *style, *RUFF, package], check=True)


def install(work: Path, target: Path) -> None:
    """Replace what is generated in ``target`` by what is in ``work``."""
    package = target / "openmonetize"
    package.mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        shutil.rmtree(package / name, ignore_errors=True)
        shutil.copytree(work / "openmonetize" / name, package / name)
    for name in MODULES:
        (package / name).parent.mkdir(exist_ok=True)
        shutil.copy(work / "openmonetize" / name, package / name)
    docs = target / "docs"
    docs.mkdir(exist_ok=True)
    for page in docs.glob("*.md"):
        if page.read_text().startswith(PAGE_MARK):
            page.unlink()
    for page in (work / "docs").glob("*.md"):
        shutil.copy(page, docs)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spec", type=Path, default=ROOT / "openapi.yaml", help="the contract")
    parser.add_argument("--target", type=Path, default=ROOT, help="the tree whose generated files are replaced")
    arguments = parser.parse_args()
    contract = yaml.load(arguments.spec.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    complaints = list(unsupported(contract))
    if complaints:
        raise SystemExit("\n".join(complaints))
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        generate(arguments.spec.resolve(), work)
        tidy(work, contract)
        install(work, arguments.target)


def _tool(name: str) -> str:
    """Return the path of a command of this Python environment, which need not be on the PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed: pip install --group codegen")
    return found


if __name__ == "__main__":
    main()
