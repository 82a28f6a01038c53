"""The clients of AI providers, answered by a server on this machine: no network, no real key, no bill.

>>> with FakeProviders() as fake:
...     client = OpenAI(base_url=fake.openai_url, api_key="unused")

``python -m openmonetize.testing.fake_providers`` runs it for a shell. It answers in the formats of OpenAI, Anthropic,
Google, Mistral, Cohere and AWS Bedrock, whole and streamed, and needs the standard library only.
"""

from __future__ import annotations

from openmonetize.testing.fake_providers.answer import Answer, Failure, ToolCall
from openmonetize.testing.fake_providers.reply import Reply
from openmonetize.testing.fake_providers.routes import ProviderRequest
from openmonetize.testing.fake_providers.server import FakeProviders

__all__ = ["Answer", "FakeProviders", "Failure", "ProviderRequest", "Reply", "ToolCall"]
