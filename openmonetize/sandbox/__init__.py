"""A local, stateful server that behaves like the platform. Needs the extra: ``pip install 'openmonetize[sandbox]'``.

from openmonetize.sandbox import Sandbox

with Sandbox() as sandbox:
    print(sandbox.url, sandbox.key)
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

if importlib.util.find_spec("werkzeug") is None:
    raise ImportError("the sandbox needs the package werkzeug: pip install 'openmonetize[sandbox]'", name="werkzeug")

if TYPE_CHECKING:
    from openmonetize.sandbox.http.faults import Fault
    from openmonetize.sandbox.sandbox import Sandbox

__all__ = ["Fault", "Sandbox"]


def __getattr__(name: str) -> Any:
    if name == "Sandbox":
        from openmonetize.sandbox.sandbox import Sandbox

        return Sandbox
    if name == "Fault":
        from openmonetize.sandbox.http.faults import Fault

        return Fault
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
