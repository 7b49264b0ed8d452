"""Queries: parameters, selections and scenarios, and their answers from a publication."""
