"""The contract between training and service: what a publication is, and where it is stored."""

__version__ = "0.1.0"
"""The release of Headroom: the one place that gives it, to the build of the distribution as to programs and tests."""
