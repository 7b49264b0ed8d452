"""The cost of serving a large publication, compared with bare routes that return the same bytes."""
