"""Contracts of others, and what is refused of them without their overlays."""

from __future__ import annotations

import gzip
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .generated import ROOT

FOLDER = Path(__file__).with_name("foreign")


class Foreign(NamedTuple):
    """A contract of others: what it is, its first file, and what its overlay leaves of it."""

    name: str
    file: str
    operations: int
    models: int
    refused: Mapping[str, int]  # without its overlay: how often, by kind


# What a line of a refusal is about, by a part of it. The first that fits counts.
KINDS = {
    "security": r"security",
    "names that the library has": r"cannot become",
    "names in path and body": r"two arguments are",
    "no answer to success": r"has no answer for a call",
    "forms and files": r"body: content",
    "servers with variables": r"server",
    "webhooks": r"webhooks",
    "extensions of other tools": r": x-[\w-]+ is not supported",
    "formats": r"format \w+ is not",
    "unions that cannot be told apart": r"(one|any)Of without a discriminator|not tell apart|an option is no object",
    "unions beside properties": r"(one|any)Of beside properties",
    "required properties that do not exist": r"is required, but is no property",
    "keywords beside a reference": r"beside \$ref",
    "misplaced keywords": r"(required|examples) is not supported",
}

CONTRACTS = [
    Foreign("the pet store of OpenAPI 3.0", "petstore-3.0.yaml", 3, 2, {}),
    Foreign("the pet store of OpenAPI 3.1", "petstore-3.1.yaml", 3, 2, {}),
    Foreign("the same in several files", "petstore-separate/spec/openapi.yaml", 3, 2, {}),
    Foreign("the expanded pet store", "petstore-expanded-3.0.json", 4, 3, {}),
    Foreign(
        "Swagger's pet store, 3.1",
        "swagger-petstore-3.1.json",
        18,
        11,
        {
            "security": 11,
            "no answer to success": 7,
            "forms and files": 2,
            "names in path and body": 1,
            "names that the library has": 1,
        },
    ),
    Foreign(
        "Scalar Galaxy, 3.1",
        "galaxy-3.1.yaml",
        8,
        15,
        {
            "extensions of other tools": 7,
            "security": 5,
            "servers with variables": 2,
            "forms and files": 1,
            "misplaced keywords": 1,
            "webhooks": 1,
        },
    ),
    Foreign(
        "epilot's Metering API",
        "metering.json",
        15,
        55,
        {"names in path and body": 3, "security": 1, "keywords beside a reference": 1, "formats": 1},
    ),
    Foreign(
        "epilot's Pricing API",
        "pricing.json",
        22,
        222,
        {
            "required properties that do not exist": 4,
            "unions that cannot be told apart": 4,
            "names that the library has": 3,
            "unions beside properties": 1,
        },
    ),
    Foreign(
        "Azure OpenAI",
        "azure-openai.json",
        4,
        116,
        {
            "extensions of other tools": 32,
            "unions that cannot be told apart": 4,
            "formats": 3,
            "security": 3,
            "forms and files": 2,
            "servers with variables": 2,
            "unions beside properties": 2,
            "misplaced keywords": 1,
            "required properties that do not exist": 1,
        },
    ),
]


def unpacked(foreign: Foreign, folder: Path) -> Path:
    """Return a contract's first file, in a folder of the tests."""
    first = foreign.file.partition("/")[0]
    if (FOLDER / f"{first}.gz").exists():
        (folder / first).write_bytes(gzip.decompress((FOLDER / f"{first}.gz").read_bytes()))
    elif (FOLDER / first).is_dir():
        shutil.copytree(FOLDER / first, folder / first, dirs_exist_ok=True)
    else:
        shutil.copy(FOLDER / first, folder)
    return folder / foreign.file


def overlay(foreign: Foreign) -> Path | None:
    """Return the overlay of a contract, if it needs one."""
    found = FOLDER / f"{Path(foreign.file).stem}.overlay.yaml"
    return found if found.exists() else None


def kind_of(line: str) -> str:
    """Return what a line of a refusal is about; the line itself if nothing is known about it."""
    return next((kind for kind, part in KINDS.items() if re.search(part, line)), line)


def read(path: Path, lay_over: Path | None) -> Any:
    """Return what a contract says. Raises ContractError for what is refused."""
    sys.path.insert(0, str(ROOT / "codegen"))
    from reading.reader import read_contract
    from surroundings import owner_of

    return read_contract(path, owner_of, lay_over)


def read_or_refused(path: Path, lay_over: Path | None) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the lines of a refusal, or the files of a client."""
    sys.path.insert(0, str(ROOT / "codegen"))
    from printing.printer import print_contract
    from reading.source import ContractError

    try:
        return [], list(print_contract(read(path, lay_over)))
    except ContractError as error:
        return str(error).splitlines(), []


def refused(foreign: Foreign) -> dict[str, int]:
    """Return how often what kind of construct is refused of a contract as it is."""
    with tempfile.TemporaryDirectory() as directory:
        lines, _ = read_or_refused(unpacked(foreign, Path(directory)), None)
    return dict(Counter(map(kind_of, lines)))
