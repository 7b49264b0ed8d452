"""Authentication: API keys, their scopes and limits, and the principals that they stand for."""
