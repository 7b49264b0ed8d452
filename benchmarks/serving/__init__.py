"""What it costs to serve a large publication, beside bare routes that return the same bytes."""
