"""Publications as JSON, CSV and lines of JSON: the only place that knows the columns and keys that others read."""
