"""Regenerate the client from the contract: `make generate`, or `python codegen/generate.py --help`.

Reads the contract, prints the generated files into an empty directory, formats and proves them there, and only then
replaces what is generated in the target tree: `openmonetize/api`, `openmonetize/models`, `openmonetize/_exports.py`,
`openmonetize/client/apis.py` and the generated pages of `docs/`. The files of removed schemas and tags are deleted; no
other file is touched, nor one that `.openapi-generator-ignore` names.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CODEGEN = Path(__file__).resolve().parent
ROOT = CODEGEN.parent
sys.path.insert(0, str(CODEGEN))

from printing.printer import print_contract
from proof import ProofError, prove
from reading.reader import read_contract
from reading.source import ContractError
from surroundings import owner_of, patterns_of_ignored

# What is generated of the package.
PACKAGES = ("api", "models")
MODULES = ("_exports.py", "client/apis.py")

PAGE_MARK = "<!-- Generated from openapi.yaml"
RUFF = ["--isolated", "--no-cache", "--config", "line-length=120", "--config", "target-version='py39'"]


def generate(spec: Path, work: Path) -> None:
    """Print the files of a contract into the empty directory ``work``."""
    ignored = patterns_of_ignored(ROOT / ".openapi-generator-ignore")
    for name, text in print_contract(read_contract(spec, owner_of)):
        if not any(Path(name).match(pattern) for pattern in ignored):
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    style = ["format", "--quiet", "--config", "format.skip-magic-trailing-comma=true"]
    command = [_tool("ruff"), *style, *RUFF, str(work / "openmonetize")]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise ProofError(f"the generated files are no Python, and nothing was changed:\n{done.stdout.strip()}")


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
        if page.read_text(encoding="utf-8").startswith(PAGE_MARK):
            page.unlink()
    for page in (work / "docs").glob("*.md"):
        shutil.copy(page, docs)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spec", type=Path, default=ROOT / "openapi.yaml", help="the contract")
    parser.add_argument("--target", type=Path, default=ROOT, help="the tree whose generated files are replaced")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        try:
            generate(arguments.spec.resolve(), work)
            prove(work, ROOT / "openmonetize")
        except (ContractError, ProofError) as error:
            raise SystemExit(str(error)) from None
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
