"""Where a model runs, as far as the names of its host and of its inference profile say."""

from __future__ import annotations

import re

from openmonetize.providers.bedrock_models import geography

# Prices differ between the global endpoint and those of a region. Vertex
# (https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations), Bedrock
# (https://docs.aws.amazon.com/general/latest/gr/bedrock.html), OpenAI's data residency
# (https://platform.openai.com/docs/guides/your-data).
_HOST = re.compile(
    r"([a-z]+-[a-z]+\d+)-aiplatform\.googleapis\.com"
    r"|aiplatform\.([a-z0-9-]+)\.rep\.googleapis\.com"
    r"|bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"|([a-z]{2})\.api\.openai\.com"
)


def region_of(host: str | None, model_id: str | None = None) -> str | None:
    """Return the region of a host, or that of a model's inference profile, or None where neither says one.

    Args:
        host: the host that answered.
        model_id: the model's id on AWS Bedrock.
    """
    profile = geography(model_id) if model_id else None
    if profile is not None or not host:
        return profile
    match = _HOST.fullmatch(host.lower())
    return None if match is None else next(filter(None, match.groups()))
