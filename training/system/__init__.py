"""system.toml: one file describes one hospital system."""
