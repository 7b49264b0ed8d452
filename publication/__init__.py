"""What both sides agree on: what a publication is, and where it is kept."""
