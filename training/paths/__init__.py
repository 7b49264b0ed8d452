"""Joint sample paths of a system, and the flow identity on them."""
