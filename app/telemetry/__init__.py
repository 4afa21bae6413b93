"""What operators see: metrics for Prometheus and spans for OpenTelemetry, without a word of any caller."""
