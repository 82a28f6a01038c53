"""Prints the packages and pages of a contract into an empty directory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
from reading.model import Contract, Definition, Field, Model, Operation, Reference, Variants
from reading.roles import reached

from printing import docstrings, imports, types

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
_FORWARDED = "Any JSON value, or bytes; forwarded unchanged."
_EVENTS = "The events: models, or dicts with ``event_type``. Any iterable."


def print_contract(contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield each generated file: its path in the project, and what is in it."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    homes = {model.name: f"openmonetize.models.{model.module}" for model in contract.models.values()}
    shared: dict[str, Any] = {"contract": contract, "types": types, "docstrings": docstrings, "cell": _cell}

    def printed(template: str, **names: Any) -> str:
        return templates.get_template(template).render(shared, **names)

    for name, path in {
        "exports.jinja": "openmonetize/_exports.py",
        "servers.jinja": "openmonetize/_servers.py",
        "apis.jinja": "openmonetize/client/apis.py",
        "api_package.jinja": "openmonetize/api/__init__.py",
        "model_package.jinja": "openmonetize/models/__init__.py",
        "readme.jinja": "README.md",
    }.items():
        yield path, printed(name)
    for tag in contract.tags:
        calls = [_Call(operation, contract) for operation in tag.operations]
        code = printed("api.jinja", tag=tag, calls=calls)
        head = imports.statements_of_api(code, homes)
        blank = "\n\n" if "TYPE_CHECKING" in head else "\n"
        yield f"openmonetize/api/{tag.module}.py", code.replace("# imports\n\n\n", head + blank, 1)
        yield f"docs/{tag.class_name}.md", printed("api_page.jinja", tag=tag, calls=calls)
    for model in contract.models.values():
        kind = type(model).__name__.lower()
        code = printed("model.jinja", model=model, kind=kind)
        yield f"openmonetize/models/{model.module}.py", _with_imports(code, model, contract, homes)
        page = printed("model_page.jinja", model=model, kind=kind, example=_json(model.example))
        yield f"docs/{model.name}.md", page


def _with_imports(code: str, model: Definition, contract: Contract, homes: Mapping[str, str]) -> str:
    """Return a model's module with its imports: at its end those of models that lead back to it."""
    others = {name: home for name, home in homes.items() if name != model.name}
    if isinstance(model, Variants) and model.role != "event":
        return code.replace("# imports\n", imports.statements_for_types(code, others), 1).replace(
            "# late imports\n", ""
        )
    late = {name: homes[name] for name in contract.models if model.name in reached(contract.models, [Reference(name)])}
    late.pop(model.name, None)
    early = {name: home for name, home in others.items() if name not in late}
    code = code.replace("# imports\n", imports.statements(code, early), 1)
    below = imports.of(code, late)
    return code.replace("# late imports\n", f"\n\n{below}" if below else "")


class _Call:
    """An operation, as templates print it."""

    def __init__(self, operation: Operation, contract: Contract) -> None:
        self.operation = operation
        self.constant = operation.name.upper()
        self.path = [each for each in operation.parameters if each.place in ("path", "wildcard")]
        self.query = [each for each in operation.parameters if each.place in ("query", "map", "header")]
        self.head = [each for each in operation.parameters if each.place == "header"]
        self.is_plain = not operation.takes_events and not operation.is_forwarded
        body = operation.body
        found = contract.models[body.schema.name] if body and isinstance(body.schema, Reference) else None
        self.body_model = found if isinstance(found, Model) and found.fields else None
        self.has_whole_body = body is not None and self.is_plain and self.body_model is None
        self.fields: list[Field] = []
        if self.is_plain and self.body_model is not None:
            self.fields = self.body_model.fields
        self.docstring = docstrings.of_operation(operation, self._body_lines())
        good = [response for response in operation.responses if response.is_good]
        self.answer = "Any" if operation.is_forwarded else types.returned(good)
        others = list(dict.fromkeys(each.media_type for each in good if each.media_type))
        self.accept = ", ".join([*others, "application/json"]) if others else None
        if operation.takes_events:
            self.answer = "IngestResult"
        self.body_example = _json(body.example) if body and body.example is not None else None
        self.answer_example = next((_json(each.example) for each in good if each.example is not None), None)

    def _body_lines(self) -> list[tuple[str, str]]:
        body = self.operation.body
        if self.operation.takes_events:
            return [("events", _EVENTS)]
        if body is None:
            return []
        if self.operation.is_forwarded:
            return [(body.name, _FORWARDED)]
        if self.has_whole_body:
            return [(body.name, "The body.")]
        lines = [(body.name, "The whole body, instead of its fields.")]
        return lines + [(each.name, each.description or _instead(types.plain(each.schema))) for each in self.fields]


def _instead(kind: str) -> str:
    return f"A ``{kind}``, or a dict."


def _json(example: Any) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)


def _cell(text: str) -> str:
    """Return a text as a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
