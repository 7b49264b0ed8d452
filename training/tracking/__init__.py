"""Runs and models in MLflow. Nothing else imports it."""
