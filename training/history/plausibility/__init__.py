"""Plausibility: which days of a known history are not to be trusted, by what the series say of each other.

A *detection delay* is how many days after a day its fault shows. It is a function of the values up to that later day
alone, so that a backtest hides exactly what would have been hidden then.
"""
