"""Calibration of chances, peaks and sums of a system, compared with actuals."""
