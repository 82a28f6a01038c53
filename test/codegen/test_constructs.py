"""Each construct of a contract that is supported is generated, type-checked, and called over loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from contract.echo import Echo

from .generated import beginning, client, run

pytestmark = pytest.mark.slow

CONTRACT = Path(__file__).with_name("constructs.yaml")
_START = beginning("ShapesApi")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("jinja2", reason="jinja2 is not installed: pip install --group codegen")
    return client(CONTRACT, tmp_path_factory.mktemp("constructs"))


def call(tree: Path, echo: Echo, program: str, answer: bytes = b"{}", kind: str = "application/json") -> Any:
    echo.answer(200, answer, kind)
    return run(tree, _START + program, echo.url)


def test_a_query_is_written_as_the_contract_says(tree: Path, echo: Echo) -> None:
    program = """
shapes = api.list_shapes(ids=[1, 2], kinds=["circle", 'odd "one"'], since=dt.date(2026, 11, 1), ratio=0.5, tenant="t")
print(json.dumps([[type(shape).__name__ for shape in shapes], shapes[0].radius, shapes[1].to_dict(), shapes[2]]))
"""
    answer = b'[{"kind":"circle","radius":1.5},{"kind":"square","side":2},{"kind":"star","points":5}]'
    found = call(tree, echo, program, answer)
    assert echo.last.target == ("/shapes?tenant=t&ids=1&ids=2&kinds=circle,odd%20%22one%22&since=2026-11-01&ratio=0.5")
    assert found == [
        ["Circle", "Square", "dict"], 1.5, {"kind": "square", "side": 2}, {"kind": "star", "points": 5}
    ]  # fmt: skip


def test_arguments_that_do_not_fit_are_refused(tree: Path, echo: Echo) -> None:
    program = """
print(json.dumps([
    told(lambda: api.list_shapes(ids="12")), told(lambda: api.list_shapes(ids=[1, "2"])),
    told(lambda: api.list_shapes(kinds=["star"])), told(lambda: api.list_shapes(ratio=2)),
    told(lambda: api.shapes_number_day_get(0, dt.date(2026, 11, 1))),
    told(lambda: api.add_shape({"kind": "star"})), told(lambda: api.add_shape({"kind": "circle", "radius": 0})),
    told(lambda: api.add_shape({"kind": "circle", "radius": 1, "id": "x"})),
    told(lambda: api.replace_all([{"kind": "circle"}])),
]))
"""
    found = call(tree, echo, program)
    assert not echo.seen
    wanted = [
        "ids must be a list", "ids must be an int", "kinds must be one of", "ratio must be between",
        "number must be between 1", "ShapeInput: ", "radius should be greater than 0", "unknown field 'circle.id'",
        "0.radius is missing",
    ]  # fmt: skip
    assert [each for each, text in zip(wanted, found) if each not in text] == [], found


def test_numbers_and_dates_in_a_path_and_a_time_as_the_answer(tree: Path, echo: Echo) -> None:
    program = """
moment = api.shapes_number_day_get(7, dt.date(2026, 11, 1))
print(json.dumps([type(moment).__name__, moment.isoformat()]))
"""
    assert call(tree, echo, program, b'"2026-11-01T01:00:00+01:00"') == ["datetime", "2026-11-01T00:00:00+00:00"]
    assert echo.last.target == "/shapes/7/2026-11-01"


def test_bodies_that_are_unions_lists_and_models(tree: Path, echo: Echo) -> None:
    program = """
warnings.simplefilter("ignore", DeprecationWarning)
api.add_shape(om.CircleInput(kind="circle", radius=2, made=None), tenant="t")
api.add_shape({"kind": "square", "side": 4})
api.replace_all([om.CircleInput(kind="circle", radius=1), {"kind": "circle", "radius": 3}])
print("1")
"""
    call(tree, echo, program, b'{"kind":"circle"}')
    assert [(each.verb, each.body) for each in echo.seen] == [
        ("POST", b'{"kind":"circle","radius":2,"made":null}'),
        ("POST", b'{"kind":"square","side":4}'),
        ("PUT", b'[{"kind":"circle","radius":1},{"kind":"circle","radius":3}]'),
    ]


def test_a_deprecated_operation_warns(tree: Path, echo: Echo) -> None:
    program = """
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    api.add_shape({"kind": "square", "side": 4})
print(json.dumps([str(each.message) for each in caught]))
"""
    assert call(tree, echo, program, b'{"kind":"circle"}') == ["the contract deprecates add_shape"]


def test_maps_of_models_that_hold_each_other(tree: Path, echo: Echo) -> None:
    program = """
found = api.counts()["a"]
edge = found.edge
print(json.dumps([type(found).__name__, found.next.value, edge.to.value, edge.weight, edge.var_class]))
"""
    answer = b'{"a":{"next":{"value":"b"},"edge":{"to":{"value":"c"},"weight":3,"class":"k"}}}'
    assert call(tree, echo, program, answer) == ["Node", "b", "c", 3, "k"]


def test_properties_tell_unions_apart(tree: Path, echo: Echo) -> None:
    program = "print(json.dumps([[type(each).__name__, each.name] for each in api.holders()]))"
    answer = b'[{"name":"a","register":"r"},{"born":"1970-01-01","name":"b"}]'
    assert call(tree, echo, program, answer) == [["Company", "a"], ["Person", "b"]]


def test_any_text_may_describe_anything(tree: Path, echo: Echo) -> None:
    program = """
odd = om.Odd.from_dict({'odd "name\\\\': "a", "model_dump": "b", "self": "c", "class": "d", "json": "\\\\"})
print(json.dumps([om.Odd.__doc__, odd.to_dict(), odd.var_model_dump, odd.var_self, odd.var_class]))
"""
    text, values, *fields = call(tree, echo, program)
    assert '\\ a backslash\\, """triple""" | pipes, `code`, ümläute, {braces}, %s, a quote at the end"' in " ".join(
        text.split()
    )
    assert values == {'odd "name\\': "a", "model_dump": "b", "self": "c", "class": "d", "json": "\\"}
    assert fields == ["b", "c", "d"]
    assert "a\\|b" in (tree / "docs" / "Odd.md").read_text(encoding="utf-8")


def test_text_is_asked_for_and_returned_as_text(tree: Path, echo: Echo) -> None:
    assert call(tree, echo, "print(json.dumps(api.report()))", b"a,b\n1,2\n", "text/csv") == "a,b\n1,2\n"
    assert echo.last.headers["accept"] == "text/csv, application/json"


def test_errors_have_the_model_of_their_range(tree: Path, echo: Echo) -> None:
    echo.answer(418, b'{"code":"teapot"}', "application/json")
    program = """
try:
    api.list_shapes()
except om.ApiException as error:
    print(json.dumps([type(error.data).__name__, error.data.code]))
"""
    assert run(tree, _START + program, echo.url) == ["Problem", "teapot"]


def test_a_list_has_rows_and_its_pages_are_read_to_the_end(tree: Path, echo: Echo) -> None:
    program = """
page = api.nodes(limit=2)
rows = api.iter_nodes(owner="me", page_size=2)
print(json.dumps([len(page), page[0].value, [row.value for row in page], next(rows).value]))
"""
    answer = b'{"rows":[{"value":"a"},{"value":"b"}],"about":{"count":3}}'
    assert call(tree, echo, program, answer) == [2, "a", ["a", "b"], "a"]
    assert [seen.target for seen in echo.seen] == ["/nodes?limit=2", "/nodes?owner=me&limit=2&offset=0"]


def test_servers_and_headers_of_answers_reach_the_caller(tree: Path, echo: Echo) -> None:
    program = """
found = api.nodes_with_http_info()
print(json.dumps([om.Configuration.get_default_copy().host, om.Configuration().get_host_settings(), found.rate_limit]))
"""
    limits = {"x_ratelimit_limit": "9", "x_ratelimit_remaining": "8", "x_ratelimit_reset": "7"}
    echo.answer(200, b"{}", "application/json", **limits)
    host = "https://many.example/api"
    assert run(tree, _START + program, echo.url) == [host, [{"url": host, "description": ""}], [9, 8, 7]]
    page = (tree / "docs" / "ShapesApi.md").read_text(encoding="utf-8")
    assert "| 200 | [Nodes](Nodes.md) | Nodes Headers: `X-RateLimit-Limit`. |" in page


def test_the_generated_client_passes_a_strict_type_checker(tree: Path) -> None:
    if shutil.which("mypy", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("mypy is not installed: pip install --group types")
    (tree / "use.py").write_text(_USE)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir", str(tree / "cache")]
    done = subprocess.run(
        [*mypy, "use.py", "openmonetize/api", "openmonetize/models"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_pyright_accepts_it_too(tree: Path) -> None:
    pyright = shutil.which("pyright", path=str(Path(sys.executable).parent))
    if pyright is None:
        pytest.skip("pyright is not installed: pip install --group types")
    (tree / "use.py").write_text(_USE)
    settings = {"include": ["use.py", "openmonetize/api", "openmonetize/models"], "pythonVersion": "3.9"}
    (tree / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [pyright, "--pythonpath", sys.executable], cwd=tree, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout


_USE = """
from __future__ import annotations

from datetime import date, datetime
from typing import Any, Dict, List, Union

from typing_extensions import assert_type

from openmonetize import ApiClient, Circle, Node, ShapesApi, Square


def use(api: ShapesApi) -> None:
    shapes = api.list_shapes(ids=[1], kinds=["circle"], since=date(2026, 1, 1))
    assert_type(shapes, List[Union[Circle, Square, Dict[str, Any]]])
    assert_type(api.counts(), Dict[str, Node])
    assert_type(api.nodes()[0], Node)
    assert_type(next(api.iter_nodes()), Node)
    assert_type(api.report(), str)
    assert_type(api.shapes_number_day_get(1, date(2026, 1, 1)), datetime)
"""
