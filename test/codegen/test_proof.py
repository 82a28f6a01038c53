"""Generated files are tried before they replace others: what does not work is named, and changes nothing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from .generated import ROOT
from .refusals import good

yaml = pytest.importorskip("yaml")
pytest.importorskip("jinja2", reason="jinja2 is not installed: pip install --group codegen")
sys.path.insert(0, str(ROOT / "codegen"))

from generate import generate  # noqa: E402
from proof import ProofError, prove  # noqa: E402
from reading.reader import read_contract  # noqa: E402

pytestmark = pytest.mark.slow

API, MODEL = "openmonetize/api/things_api.py", "openmonetize/models/thing.py"


def prove_with(tmp_path: Path, name: str = API, old: str = "", new: str = "", with_types: bool = False) -> None:
    contract = tmp_path / "contract.yaml"
    contract.write_text(yaml.safe_dump(good(), sort_keys=False))
    work = tmp_path / "work"
    shutil.rmtree(work, ignore_errors=True)
    read = read_contract(contract, lambda _: None)
    generate(read, work)
    text = (work / name).read_text(encoding="utf-8")
    assert old in text
    (work / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    prove(read, work, ROOT / "openmonetize", with_types=with_types)


def test_what_is_generated_passes(tmp_path: Path) -> None:
    prove_with(tmp_path, with_types=True)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (API, "class ThingsApi", "klass ThingsApi", "ThingsApi: SyntaxError"),
        (MODEL, "ResponseModel", "ResponceModel", "Thing: ImportError"),
        (MODEL, "size: Optional[Int]", "size: Optional[Innt]", "Thing: "),
        (API, '"POST", "/things/{id}"', '"PUT", "/things/{id}"', "PUT /things/text was sent, not POST /things/"),
        (API, '"POST", "/things/{id}"', '"POST", "/thing/{id}"', "POST /thing/text was sent, not POST /things/"),
        (API, '"200": "Thing"', '"200": "Other"', "Other() is returned, and"),
        (API, ") -> Thing:", ") -> List[Thing]:", "Thing() is returned, and"),
        (API, '"key": key', '"name": key', "Order: key is missing"),
    ],
)
def test_a_fault_in_what_is_generated_is_found_by_using_it(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(ProofError) as caught:
        prove_with(tmp_path, name, old, new)
    assert str(caught.value).startswith("the generated files do not work, and nothing was changed:\n")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (API, ") -> Thing:", ") -> Other:"),
        (API, "id: str", "id"),
        (MODEL, "Optional[Int] = None", 'Optional[Int] = "7"'),
    ],
)
def test_a_wrong_type_is_found_by_the_type_checker(tmp_path: Path, name: str, old: str, new: str) -> None:
    with pytest.raises(ProofError, match="error: "):
        prove_with(tmp_path, name, old, new, with_types=True)
