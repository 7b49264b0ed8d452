"""A seeded hospital system with known truth: what the rest of training is tested and shown on."""
