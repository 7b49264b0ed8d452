"""What operations see: the log, the metrics."""
