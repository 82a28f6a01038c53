"""Values of several kinds, headers and open bodies are generated and called over loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from contract.echo import Echo

from .generated import beginning, client, generate, run

pytestmark = pytest.mark.slow

CONTRACT = Path(__file__).with_name("kinds.yaml")
_START = beginning("KindsApi")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("jinja2", reason="jinja2 is not installed: pip install --group codegen")
    return client(CONTRACT, tmp_path_factory.mktemp("kinds"))


def call(tree: Path, echo: Echo, program: str, answer: bytes = b"{}") -> Any:
    echo.answer(200, answer, "application/json")
    return run(tree, _START + program, echo.url)


def test_a_value_of_several_kinds_is_sent_as_it_is_given(tree: Path, echo: Echo) -> None:
    program = """
for given in ("a", ["a", "b"], [[1, 2], [3]], {"text": "t"}, om.PromptInput(text="t")):
    answer = api.add_input("org", input=given, model="odd")
print(json.dumps([type(answer.input).__name__, answer.input.text]))
"""
    assert call(tree, echo, program, b'{"input":{"text":"t"},"model":"odd"}') == ["Prompt", "t"]
    assert [each.body for each in echo.seen] == [
        b'{"input":"a","model":"odd"}',
        b'{"input":["a","b"],"model":"odd"}',
        b'{"input":[[1,2],[3]],"model":"odd"}',
        b'{"input":{"text":"t"},"model":"odd"}',
        b'{"input":{"text":"t"},"model":"odd"}',
    ]


def test_headers_are_arguments_and_never_the_key(tree: Path, echo: Echo) -> None:
    program = """
api.add_input("org", attempt=2, searched="x", ids=[1, 2], input="a")
print(json.dumps([
    told(lambda: api.add_input(input="a")),
    told(lambda: api.add_input("too long an org", input="a")),
    told(lambda: api.add_input("a\\r\\nb: c", input="a")),
    told(lambda: api.add_input("org", attempt=0, input="a")),
]))
"""
    missing, long, split, low = call(tree, echo, program)
    seen = echo.last
    assert seen.target == "/inputs?ids=1&ids=2&text=x"
    assert {name: seen.headers[name] for name in ("x-org-id", "attempt", "authorization")} == {
        "x-org-id": "org",
        "attempt": "2",
        "authorization": "Bearer om_live_a",
    }
    assert "x_org_id" in missing
    assert "at most 8 characters" in long
    assert "must be" in split
    assert "attempt must be between 1" in low


def test_limits_of_lists_and_of_what_is_in_them_are_kept(tree: Path, echo: Echo) -> None:
    program = """
print(json.dumps([told(each) for each in (
    lambda: api.add_input("org", input="a", ids=[1]),
    lambda: api.add_input("org", input="a", ids=[1, 2, 3, 4]),
    lambda: api.add_input("org", input="a", ids=[1, 1]),
    lambda: api.add_input("org", input=""),
    lambda: api.add_input("org", input="a", tags=["a", "a"]),
    lambda: api.add_input("org", input="a", tags=["A"]),
    lambda: api.add_input("org", input="a", rates={"a": -1}),
    lambda: api.add_input("org", input="a", size=3),
    lambda: api.put_table(["a", "b", "c"]),
    lambda: api.put_table(["a", "a"]),
    lambda: api.put_table(["d"]),
)]))
"""
    found = call(tree, echo, program)
    assert not echo.seen
    wanted = [
        "ids must have at least 2", "ids must have at most 3", "ids must not have an item twice", "input",
        "tags must not have an item twice", "tags.0 should match", "rates.a should be greater", "size should be 1",
        "at most 2", "must not have an item twice", "should be 'a', 'b'",
    ]  # fmt: skip
    assert [(each, text) for each, text in zip(wanted, found) if each not in text] == []


def test_null_may_be_in_lists_and_may_be_an_answer(tree: Path, echo: Echo) -> None:
    program = """
sent = api.add_input("org", input="a", names=["b", None], size=None)
print(json.dumps([sent.names, api.put_table(["a"]) if len(sys.argv) > 2 else None]))
"""
    assert call(tree, echo, program, b'{"names":[null,"b"],"size":null}') == [[None, "b"], None]
    assert echo.last.body == b'{"input":"a","size":null,"names":["b",null]}'
    assert call(tree, echo, 'print(json.dumps(api.put_table(["c"])))', b"[1,null]") == [1, None]
    assert echo.last.body == b'["c"]'
    assert call(tree, echo, "print(json.dumps(api.maybe()))", b"null") is None
    assert call(tree, echo, "print(json.dumps(api.maybe().name))", b'{"kind":"dog","name":"Rex"}') == "Rex"


def test_an_open_body_has_fields_of_the_caller(tree: Path, echo: Echo) -> None:
    program = """
api.put_free({"name": "n", "own": {"a": 1}, "nothing": None})
api.post_empty({})
print(json.dumps([told(lambda: api.post_empty({"a": 1}))]))
"""
    [refused] = call(tree, echo, program)
    assert "unknown field 'a'" in refused
    assert [each.body for each in echo.seen] == [b'{"name":"n","own":{"a":1},"nothing":null}', b"{}"]
    assert "authorization" not in echo.seen[0].headers


def test_kinds_of_a_base_are_told_by_its_discriminator(tree: Path, echo: Echo) -> None:
    program = """
found = api.add_animal({"kind": "cat", "name": "Tom", "lives": 9})
names = [type(each).__name__ for each in found]
print(json.dumps([names, found[1].lives, told(lambda: api.add_animal({"kind": "cow"}))]))
"""
    kinds, lives, refused = call(tree, echo, program, b'[{"kind":"dog"},{"kind":"cat","lives":7},{"kind":"cow"}]')
    assert (kinds, lives) == (["Dog", "Cat", "dict"], 7)
    assert "AnimalInput" in refused
    assert echo.last.body == b'{"kind":"cat","name":"Tom","lives":9}'


def test_a_fixed_value_or_a_lack_of_properties_tells_models_apart(tree: Path, echo: Echo) -> None:
    program = """
print(json.dumps([
    [type(each).__name__ for each in api.choices()],
    [type(om.Payment.from_dict(each)).__name__ for each in ({"amount": 1}, {"amount": 1, "number": "2"}, {"other": 1})],
]))
"""
    answer = b'[{"is_on":true},{"is_on":false},{"is_on":"later"},{"is_on":7}]'
    assert call(tree, echo, program, answer) == [["Yes", "No", "Perhaps", "dict"], ["Plain", "Card", "dict"]]


def test_names_that_the_overlay_gives_are_used(tree: Path, echo: Echo) -> None:
    program = """
print(json.dumps([om.Settings(a="b").to_dict(), om.InputInput(input="a", copied_from="b").to_dict()]))
"""
    assert call(tree, echo, program) == [{"a": "b"}, {"input": "a", "copy": "b"}]


@pytest.mark.parametrize("name", ["kinds.yaml", "edges.yaml"])
def test_it_is_proved_with_its_types(tmp_path: Path, name: str) -> None:
    done = generate(CONTRACT.with_name(name), tmp_path / "tree", with_types=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
