"""A seeded hospital system with known truth: what the rest of training is tested and shown on."""

from training.simulate.run import simulate
from training.simulate.scenario import FaultKind, Scenario

__all__ = ["FaultKind", "Scenario", "simulate"]
