"""Regenerate the client from the contract: `make generate`, or `python codegen/generate.py --help`.

Reads the contract, prints the generated files into an empty directory, formats and proves them there, and only then
replaces what is generated in the target tree: `openmonetize/api`, `openmonetize/models`, `openmonetize/_exports.py`,
`openmonetize/_servers.py`, `openmonetize/client/apis.py`, the generated pages of `docs/`, and what stands between the
marks of README.md. The files of removed schemas and tags are deleted; no other file is touched, nor one that
`.openapi-generator-ignore` names.
"""

from __future__ import annotations

import argparse
import re
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
from reading.model import Contract
from reading.reader import read_contract
from reading.source import ContractError
from surroundings import owner_of, patterns_of_ignored

# What is generated of the package.
PACKAGES = ("api", "models")
MODULES = ("_exports.py", "_servers.py", "client/apis.py")

# What is generated of the README.
END = "<!-- end -->\n"
MARKED = re.compile(f"(?P<mark><!-- generated: [a-z]+ -->\n).*?{END}", re.DOTALL)

PAGE_MARK = "<!-- Generated from openapi.yaml"
RUFF = ["--isolated", "--no-cache", "--config", "line-length=120", "--config", "target-version='py39'"]


def generate(contract: Contract, work: Path) -> None:
    """Print the files of a contract into the empty directory ``work``."""
    ignored = patterns_of_ignored(ROOT / ".openapi-generator-ignore")
    for name, text in print_contract(contract):
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
    if (target / "README.md").exists():
        _renew_tables(target / "README.md", (work / "README.md").read_text(encoding="utf-8"))
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


def _renew_tables(readme: Path, tables: str) -> None:
    """Replace what stands between the marks of the README."""
    text = readme.read_text(encoding="utf-8")
    for table in MARKED.finditer(tables):
        before, mark, rest = text.partition(table["mark"])
        _, end, after = rest.partition(END)
        if not mark or not end:
            raise SystemExit(f"{readme.name} lacks {table['mark'].strip()}, or {END.strip()} below it")
        text = before + table[0] + after
    readme.write_text(text, encoding="utf-8")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spec", type=Path, default=ROOT / "openapi.yaml", help="the contract")
    parser.add_argument("--overlay", type=Path, help="what changes it; overlay.yaml for the default contract")
    parser.add_argument("--target", type=Path, default=ROOT, help="the tree whose generated files are replaced")
    parser.add_argument("--without-types", action="store_true", help="leave out the type check, the slowest proof")
    arguments = parser.parse_args()
    overlay = arguments.overlay or (CODEGEN / "overlay.yaml" if arguments.spec == parser.get_default("spec") else None)
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        try:
            contract = read_contract(arguments.spec.resolve(), owner_of, overlay)
            generate(contract, work)
            prove(contract, work, ROOT / "openmonetize", with_types=not arguments.without_types)
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
