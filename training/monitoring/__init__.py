"""Live scores of issued forecasts."""
