"""One stream of chance for each thing that is drawn, so that nothing depends on what else is drawn."""

from numpy.random import Generator, SeedSequence, default_rng


def rng_for(seed: int, *name: str) -> Generator:
    """The stream of this name: the same for the same seed, in any process and beside any other streams."""
    return default_rng(SeedSequence(seed, spawn_key=tuple("/".join(name).encode())))
