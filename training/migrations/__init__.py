"""The tables of the publication store, step by step (Alembic)."""
