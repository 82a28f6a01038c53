"""Generation of the contract's client with OpenAPI Generator's stock templates, for comparison only."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = "openmonetize_stock"

# The wildcard has no Python name by itself (as in codegen/config.yaml); everything else is the generator's default.
_CONFIG = {
    "generatorName": "python",
    "packageName": PACKAGE,
    "globalProperties": {
        "apis": "",
        "models": "",
        "supportingFiles": "",
        **dict.fromkeys(("apiTests", "modelTests", "apiDocs", "modelDocs"), "false"),
    },
    "parameterNameMappings": {"*": "wildcard"},
}


class Unavailable(Exception):
    """The stock client cannot be generated here; the text says why."""


def generate(directory: Path) -> None:
    """Generate the package ``PACKAGE`` into ``directory``.

    Raises:
        Unavailable: the generator is missing, or fails.
    """
    beside = Path(sys.executable).with_name("openapi-generator-cli")
    tool = str(beside) if beside.exists() else shutil.which("openapi-generator-cli")
    if tool is None:
        raise Unavailable("openapi-generator-cli is not installed: pip install --group codegen")
    config = directory / "config.json"
    config.write_text(json.dumps(_CONFIG))
    command = [tool, "generate", "-i", str(ROOT / "openapi.yaml"), "-o", str(directory), "-c", str(config)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Unavailable(f"the stock client could not be generated:\n{done.stdout[-2000:]}")
