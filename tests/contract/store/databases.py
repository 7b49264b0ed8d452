"""Empty databases for one test each."""

from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

DATABASE_NUMBERS = count(1)
KINDS = ("sqlite", "postgresql")


def new_database(request: pytest.FixtureRequest, file: Path) -> str:
    """The URL of an empty database of the kind that the fixture's parameter names: no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{file}"
    return new_postgresql_database(request.getfixturevalue("postgresql_url"))


def new_postgresql_database(cluster_url: str) -> str:
    """The URL of a new, empty database of the cluster."""
    name = f"store_{next(DATABASE_NUMBERS)}"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # a name of our own making
    return make_url(cluster_url).set(database=name).render_as_string(hide_password=False)
