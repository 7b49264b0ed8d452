"""Backups of a home: history, store, keys, champion and MLflow's files, as one folder."""
