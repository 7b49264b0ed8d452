"""Other programs' forecasts of the same series from the same history. Each reads one series at a time."""
