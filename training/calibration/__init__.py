"""Calibrated intervals: quantiles fitted to out-of-sample errors."""
