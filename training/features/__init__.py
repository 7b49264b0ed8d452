"""Features of a day that are known before it: calendar and declared events."""
