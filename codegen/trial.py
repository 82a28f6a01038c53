"""Tries a generated client: `proof.py` runs it beside the generated package, with the calls to make in a file.

Every name is imported and every model built; then every operation sends its example to a server on loopback, which
gives the examples of its answers, and each answer must be what the method's annotation promises.
"""

from __future__ import annotations

import http.server
import importlib
import json
import logging
import sys
import threading
import typing
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import openmonetize
from openmonetize import ApiClient, ApiException, Configuration, _exports
from openmonetize._schema.model import Model
from openmonetize._schema.variants import VariantsModel


class _Echo(http.server.BaseHTTPRequestHandler):
    """Gives the answer that is set, and keeps what was asked for."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    status, content_type, answer = 200, "", b""
    seen: tuple[str, str, bytes] = "", "", b""

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).seen = self.command, self.path, body
        self.send_response(self.status)
        if self.content_type:
            self.send_header("Content-Type", self.content_type)
        if self.status != 204:
            self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        if self.command != "HEAD" and self.status != 204:
            self.wfile.write(self.answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_HEAD = do_PATCH = _reply

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Print a line for everything that does not work."""
    warnings.simplefilter("error")
    logging.disable()  # what the library warns of is no failure
    for name in _exports.MODULES:
        _tell(name, partial(_build_named, name))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        host = f"http://127.0.0.1:{server.server_address[1]}"
        client = ApiClient(Configuration(host, {"bearerAuth": "om_test_trial"}, retries=0))
        for call in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
            for answer in call["answers"]:
                attempt = partial(_call, client, call, answer)
                _tell(f"{call['what']}, answered {answer['code']}", attempt)
        server.shutdown()


def _tell(what: str, attempt: Any) -> None:
    try:
        attempt()
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}")


def _build_named(name: str) -> None:
    found = getattr(openmonetize, name)
    if isinstance(found, type) and issubclass(found, Model):
        found.model_rebuild(force=True)


def _call(client: ApiClient, call: Any, answer: Any) -> None:
    _Echo.status, _Echo.content_type = answer["status"], answer["content_type"]
    _Echo.answer = answer["text"].encode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        method = getattr(getattr(openmonetize, call["class"])(client), call["method"])
        try:
            found = method(**call["arguments"])
        except ApiException as error:
            if answer["is_good"]:
                raise
            found, promised = error.data, getattr(openmonetize, answer["model"]) if answer["model"] else Any
        else:
            promised = _promised(method, call["class"])
    verb, target, body = _Echo.seen
    if verb != call["verb"] or not target.startswith(call["prefix"]):
        raise ValueError(f"{verb} {target} was sent, not {call['verb']} {call['prefix']}...")
    if call["body"] is not None and json.loads(body) != call["body"]:
        raise ValueError(f"{body.decode()} was sent, not {json.dumps(call['body'])}")
    if verb != "HEAD" and not _fits(found, promised):
        raise ValueError(f"{found!r} is returned, and {promised} promised")


def _promised(method: Any, class_name: str) -> Any:
    """Return the annotation of what a method returns, whose names are imported for type checkers only."""
    module = importlib.import_module(_exports.MODULES[class_name])
    names = {name: getattr(openmonetize, name) for name in _exports.MODULES}
    names.update(vars(importlib.import_module("openmonetize._schema.model")))
    return eval(method.__annotations__["return"], {**vars(typing), **names, **vars(module)})


def _fits(value: Any, promised: Any) -> bool:
    origin, inner = typing.get_origin(promised), typing.get_args(promised)
    if hasattr(promised, "__metadata__"):  # Annotated
        return _fits(value, promised.__origin__)
    if promised is Any:
        return True
    if promised in (None, type(None)):
        return value is None
    if origin is typing.Union:
        return any(_fits(value, each) for each in inner)
    if origin is typing.Literal:
        return value in inner
    if origin is list:
        return isinstance(value, list) and all(_fits(each, inner[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(each, inner[1]) for each in value.values())
    if issubclass(promised, VariantsModel):
        return isinstance(value, (dict, *(getattr(openmonetize, name) for name in promised.members.values())))
    return isinstance(value, float if promised is float else promised)


if __name__ == "__main__":
    main()
