"""Spans for OpenTelemetry, when the environment names a collector; FastAPI makes and exports them."""

import os

from fastapi.telemetry import TelemetryConfig

from app.settings import SettingsError

try:  # the extra `otel`: asked for here once, so that the service runs without it
    from opentelemetry.context import Context
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
except ImportError as error:
    _lacking: ImportError | None = error
else:
    _lacking = None

    class Discreet(SpanProcessor):
        """Blackens what a caller writes: path, query, host and method. Route and status come after, and stay."""

        kept = frozenset({"http.request.method", "network.protocol.version", "url.scheme"})

        def on_start(self, span: Span, parent_context: Context | None = None) -> None:
            for name in span.attributes or {}:
                if name not in self.kept:
                    span.set_attribute(name, "REDACTED")


ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


def tracing() -> TelemetryConfig:
    """What to tell FastAPI: one span a request where a collector is named, nothing else ever.

    Its logs hold texts of errors and its metrics are those of /metrics, so both stay off. The provider is not the
    global one: libraries that trace by themselves, and what they write into their spans, stay silent.
    Raises SettingsError where the extra `otel` is lacking.
    """
    named = [name for name in ENDPOINTS if os.environ.get(name)]
    if not named:
        return OFF
    if _lacking:
        raise SettingsError(f"{named[0]} is set, but the package is installed without its extra `otel`: {_lacking}")
    service = os.environ.get("OTEL_SERVICE_NAME") or "lead-or-manage"
    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(Discreet())
    return {**OFF, "tracing": True, "tracer_provider": provider, "operation_spans": False, "auto_configure": True}
