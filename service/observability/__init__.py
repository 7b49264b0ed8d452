"""Observability: the log, the metrics, and the recording of requests."""
