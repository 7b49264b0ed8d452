"""The ablation: forecasts without one part of the recipe, compared with the complete recipe."""
