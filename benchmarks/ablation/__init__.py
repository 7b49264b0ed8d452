"""What each part of the recipe is worth: forecasts without it, compared with the complete recipe."""
