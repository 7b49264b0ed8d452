"""Time of publishing and training."""
