"""HTTP itself: conditional requests, problems, headers, limits of a connection."""
