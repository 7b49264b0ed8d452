"""Runs and models in MLflow. Nothing else imports it."""

import os

# Read when mlflow is imported, so set before: a hospital's job calls nobody outside.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
