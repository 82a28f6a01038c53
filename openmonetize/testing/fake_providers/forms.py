"""Bodies of requests as Python objects: JSON, and forms with files in them."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from openmonetize.testing.fake_providers.answer import Json


def body_of(content: bytes, content_type: str) -> Json:
    """Return the fields of a JSON object or of a form (without its files), or an empty dict for any other body."""
    if "json" in content_type:
        body = _loaded(content)
        return body if isinstance(body, dict) else {}
    return _form(content, content_type) if content_type.startswith("multipart/form-data") else {}


def _form(content: bytes, content_type: str) -> Json:
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: %s\r\n\r\n%s" % (content_type.encode(), content))
    fields: Json = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if isinstance(name, str) and part.get_filename() is None and isinstance(value, bytes):
            loaded = _loaded(value)  # "true" and "2" are written as in JSON
            fields[name] = value.decode(errors="replace") if loaded is None else loaded
    return fields


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
