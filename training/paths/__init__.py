"""What comes after means and margins: sample paths of a whole system, and whether there will be a bed."""
