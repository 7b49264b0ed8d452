"""What the operations page shows, ready to be laid out."""
