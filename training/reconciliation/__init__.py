"""Parents and children that agree."""
