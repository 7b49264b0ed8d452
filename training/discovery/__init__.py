"""Schema discovery: from extracts that nobody has described to a system.toml and places.csv that work."""
