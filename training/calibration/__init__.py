"""Intervals that keep their promise, learnt from out-of-sample errors."""
