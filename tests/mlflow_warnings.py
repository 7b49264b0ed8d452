"""Marks of tests in which MLflow and its libraries warn of themselves; a warning of ours is an error elsewhere."""

import pytest

# Type hints, deprecated parts, and database connections left to the collector.
MLFLOW_WARNINGS = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
