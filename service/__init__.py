"""Serves publications: the API, the operations page and the metrics. It only reads."""
