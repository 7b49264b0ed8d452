"""Whether chances of a full house, peaks, and the sums of a system hold what they promise."""
