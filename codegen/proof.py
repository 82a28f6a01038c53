"""Proves generated files before they replace others: type-checked, imported, built, and called over loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from printing import types
from reading.model import Body, Contract, Model, Operation, Parameter, Response, Tag

from examples import NoExampleError, example_of

_TIMEOUT = 120.0  # seconds
_TRIAL = Path(__file__).with_name("trial.py")
_STATUSES = {"default": 418}  # of an answer whose code is no status


class ProofError(Exception):
    """A generated file does not work."""


def prove(contract: Contract, work: Path, package: Path, *, with_types: bool = True) -> None:
    """Use the generated files in ``work`` with the hand-written ones of ``package``.

    Raises:
        ProofError: something does not work. The message names it.
    """
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "openmonetize"
        generated = ("api", "models", "_exports.py", "_servers.py")
        shutil.copytree(package, tree, ignore=shutil.ignore_patterns("__pycache__", *generated))
        shutil.copytree(work / "openmonetize", tree, dirs_exist_ok=True)
        calls = Path(directory) / "calls.json"
        calls.write_text(json.dumps(list(_calls(contract))), encoding="utf-8")
        attempts = [_started(directory, str(_TRIAL), str(calls))]
        if with_types:
            options = ["--strict", "--follow-imports=silent", "--no-error-summary", "--cache-dir", os.devnull]
            attempts.append(_started(directory, "-m", "mypy", *options, "openmonetize/api", "openmonetize/models"))
        found = [output for attempt in attempts if (output := _ended(attempt))]
    if found:
        raise ProofError("the generated files do not work, and nothing was changed:\n" + "\n".join(found))


def _started(directory: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": directory, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _ended(attempt: subprocess.Popen[str]) -> str:
    """Return what an attempt complains of."""
    try:
        output, _ = attempt.communicate(timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        attempt.kill()
        return f"{attempt.args}: took more than {_TIMEOUT:.0f} s"
    return output.strip() or (f"exit status {attempt.returncode}" if attempt.returncode else "")


def _calls(contract: Contract) -> Iterator[dict[str, Any]]:
    """Yield what `trial.py` calls: each operation with the example of each of its answers."""
    for tag in contract.tags:
        for operation in tag.operations:
            try:
                yield _call(tag, operation, contract)
            except NoExampleError as error:
                print(f"{operation.verb} {operation.path} is not called: no example fits {error}")


def _call(tag: Tag, operation: Operation, contract: Contract) -> dict[str, Any]:
    arguments = {each.name: _argument(each, contract) for each in operation.parameters}
    body = operation.body
    sent = None
    if body is not None:
        sent = example_of(body.schema, contract.models) if body.example is None else body.example
        arguments.update(_arguments_of_body(operation, body, sent, contract))
    return {
        "what": f"{operation.verb} {operation.path}",
        "class": tag.class_name,
        "method": operation.name,
        "verb": operation.verb,
        "prefix": operation.path.partition("{")[0],
        "arguments": arguments,
        "body": None if operation.takes_events else sent,
        "answers": [_answer(each, contract) for each in operation.responses],
    }


def _arguments_of_body(operation: Operation, body: Body, sent: Any, contract: Contract) -> dict[str, Any]:
    """Return a body as most callers give it: by its fields."""
    if operation.takes_events:
        return {"events": sent["events"]}
    model = contract.models.get(types.model_of(body.schema) or "")
    if not isinstance(model, Model) or not sent:
        return {body.name: sent}
    return {field.name: sent[field.wire] for field in model.fields if field.wire in sent}


def _argument(parameter: Parameter, contract: Contract) -> Any:
    one = example_of(parameter.schema, contract.models) if parameter.example is None else parameter.example
    if not parameter.many or isinstance(one, list):
        return one
    fewest = max(1, parameter.of_list.shortest or 0)
    if fewest > 1 and parameter.of_list.is_unique:
        raise NoExampleError(f"{parameter.name}, whose values differ")
    return [one] * fewest


def _answer(response: Response, contract: Contract) -> dict[str, Any]:
    example = response.example
    if example is None and response.schema is not None:
        example = "text" if response.media_type else example_of(response.schema, contract.models)
    content_type = "" if response.schema is None else response.media_type or "application/json"
    return {
        "code": response.code,
        "status": int(_STATUSES.get(response.code, response.code.replace("X", "0"))),
        "is_good": response.is_good,
        "model": types.model_of(response.schema),
        "content_type": content_type,
        "text": "" if not content_type else example if response.media_type else json.dumps(example),
    }
