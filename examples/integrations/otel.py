"""Bill what OpenTelemetry's instrumentations trace, while a tenth of the traces is exported.

Run it with ``python examples/integrations/otel.py``. It needs no account and no network: a sandbox stands for
the platform, and spans made by hand for those of an instrumentation, such as ``opentelemetry-instrumentation-openai``.
"""

from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from openmonetize import OpenMonetize
from openmonetize.integrations.opentelemetry import KeepGenAISpans, install
from openmonetize.sandbox import Sandbox


def main() -> None:
    """Trace and bill the calls of an agent."""
    exporter = InMemorySpanExporter()
    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        provider = TracerProvider(sampler=KeepGenAISpans(TraceIdRatioBased(0.1)))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        install(provider, om, feature_id="chat")
        # Here instrumentations start: OpenAIInstrumentor().instrument(tracer_provider=provider)

        with om.context(user_id="acme-corp-user-000001"):
            for _ in range(50):
                run_agent(provider)

        om.flush()
        events = sandbox.events()
        print(f"{len(events)} calls billed: {sum(event['input_tokens'] for event in events):,} input tokens")
        print(f"{len(exporter.get_finished_spans())} of 150 spans exported")


def run_agent(provider: TracerProvider) -> None:
    """Do as an instrumented agent does: its span has the sum of its calls."""
    tracer = provider.get_tracer("an instrumentation")
    with tracer.start_as_current_span("invoke_agent helper") as agent:
        agent.set_attributes({"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 300})
        for tokens in (100, 200):
            with tracer.start_as_current_span("chat gpt-4o", attributes={"gen_ai.operation.name": "chat"}) as call:
                call.set_attributes({"gen_ai.provider.name": "openai", "gen_ai.response.model": "gpt-4o"})
                call.set_attributes({"gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": 20})


if __name__ == "__main__":
    main()
