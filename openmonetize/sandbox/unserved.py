"""The operations of the client that the sandbox has no route for: those of a newer contract."""

from __future__ import annotations

import importlib
import re

from openmonetize._exports import APIS
from openmonetize._http.operation import Operation
from openmonetize.sandbox.http.routing import Router
from openmonetize.sandbox.routes import ROUTES


def unserved_operations() -> list[str]:
    """Return the operations that no era of the sandbox serves yet, such as ``POST /v1/notes``."""
    router = Router(ROUTES)
    operations = [
        value
        for module in APIS.values()
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, Operation)
    ]
    return [
        f"{each.method} {each.path}"
        for each in operations
        if router.find(each.method, re.sub(r"\{[^}]*\}", "0", each.path)) is None
    ]
