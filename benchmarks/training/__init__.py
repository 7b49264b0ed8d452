"""What publishing and training cost, in time."""
