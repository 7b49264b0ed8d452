"""Rules by which past errors become quantiles, compared on the means that the product publishes."""
