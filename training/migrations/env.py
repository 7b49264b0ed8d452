"""The environment that Alembic runs for each command: the steps, on the connection that it gets."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
