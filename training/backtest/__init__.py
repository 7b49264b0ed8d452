"""Rolling-origin evaluation: what would have been published at past cutoffs, against what then happened."""
