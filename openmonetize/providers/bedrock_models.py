"""The names of a model of AWS Bedrock: its id, inference profiles and ARNs.

https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# The geography before the id in that of an inference profile: "us.anthropic.claude…", "us-gov.", "apac.", "global.".
_GEOGRAPHY = re.compile(r"(?:[a-z]{2}(?:-gov)?|apac|global)\.(?=[a-z0-9-]+\.)")


def find_model(names: Mapping[str, str], model_id: str) -> str | None:
    """Return what a mapping says of a model, under its id as it was asked for or under another name of it."""
    if model_id in names:
        return names[model_id]
    wanted = base_model_id(model_id)
    return next((name for known, name in names.items() if base_model_id(known) == wanted), None)


def base_model_id(model_id: str) -> str:
    """Return the id of the model behind an ARN or a system-defined inference profile; any other id as it is."""
    if model_id.startswith("arn:"):
        model_id = model_id.rpartition("/")[2]
    return _GEOGRAPHY.sub("", model_id, count=1) if _GEOGRAPHY.match(model_id) else model_id


def geography(model_id: str) -> str | None:
    """Return the geography of a system-defined inference profile, such as ``eu`` or ``global``; None of other ids."""
    if model_id.startswith("arn:"):
        model_id = model_id.rpartition("/")[2]
    match = _GEOGRAPHY.match(model_id)
    return None if match is None else match[0].rstrip(".")
