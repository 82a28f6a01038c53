"""Adds the contract's examples to the generated pages, as indented JSON: templates see them as one escaped line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Contract = dict[str, Any]


def with_model_example(page: str, name: str, contract: Contract) -> str:
    """Return the page of a model, followed by its example."""
    example = contract["components"]["schemas"].get(name, {}).get("example")
    return page if example is None else page.rstrip("\n") + "\n\n" + _block(example)


def with_operation_examples(page: str, contract: Contract) -> str:
    """Return the page of an API class, each operation followed by the examples of its body and its answer."""
    examples = dict(_operation_examples(contract))
    head, *sections = page.split("\n## ")
    return head + "".join(
        "\n## " + section.rstrip("\n") + "\n\n" + examples.get(section.split("\n", 1)[0], "") for section in sections
    )


def _operation_examples(contract: Contract) -> Iterator[tuple[str, str]]:
    for item in contract["paths"].values():
        for operation in item.values():
            body = _example(contract, operation.get("requestBody"))
            answers = [_example(contract, a) for code, a in operation["responses"].items() if code.startswith("2")]
            text = "" if body is None else "A body:\n\n" + _block(body) + "\n"
            text += next(("An answer:\n\n" + _block(answer) + "\n" for answer in answers if answer is not None), "")
            yield operation["operationId"], text


def _example(contract: Contract, part: Any) -> Any:
    """Return the first example of a request body or an answer, which may be a reference."""
    if part is None:
        return None
    if "$ref" in part:
        _, *names = part["$ref"].split("/")
        part = contract
        for name in names:
            part = part[name]
    return next((media["example"] for media in part.get("content", {}).values() if "example" in media), None)


def _block(example: Any) -> str:
    return "```json\n" + json.dumps(example, indent=2, ensure_ascii=False) + "\n```\n"
