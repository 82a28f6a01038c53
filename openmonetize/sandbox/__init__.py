"""A local, stateful server that behaves like the platform. It needs the extra ``openmonetize[sandbox]``.

Example::

    from openmonetize.sandbox import Sandbox

    with Sandbox() as sandbox:
        print(sandbox.url, sandbox.key)
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from openmonetize.exceptions import MissingExtraError

if importlib.util.find_spec("werkzeug") is None:
    raise MissingExtraError(
        "the sandbox needs the package werkzeug: pip install 'openmonetize[sandbox]'", name="werkzeug"
    )

if TYPE_CHECKING:
    from openmonetize.sandbox.errors import SandboxAddressError, SandboxStateError
    from openmonetize.sandbox.http.faults import Fault
    from openmonetize.sandbox.sandbox import Sandbox

__all__ = ["Fault", "Sandbox", "SandboxAddressError", "SandboxStateError"]


def __getattr__(name: str) -> Any:
    # Imported on first use, so that a module of the sandbox does not import all others.
    if name == "Fault":
        from openmonetize.sandbox.http.faults import Fault

        return Fault
    if name == "Sandbox":
        from openmonetize.sandbox.sandbox import Sandbox

        return Sandbox
    if name in __all__:
        from openmonetize.sandbox import errors

        return getattr(errors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
