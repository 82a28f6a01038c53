"""A local, stateful server that behaves like the platform. It needs the extra ``openmonetize[sandbox]``.

Example::

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
    from openmonetize.sandbox.sandbox import Sandbox, SandboxStateError

__all__ = ["Fault", "Sandbox", "SandboxStateError"]


def __getattr__(name: str) -> Any:
    # Imported on first use, so that a module of the sandbox does not import all others.
    if name == "Fault":
        from openmonetize.sandbox.http.faults import Fault

        return Fault
    if name in __all__:
        from openmonetize.sandbox import sandbox

        return getattr(sandbox, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
