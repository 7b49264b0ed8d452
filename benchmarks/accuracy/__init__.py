"""The accuracy that the product promises, compared with other programs: `python -m benchmarks.accuracy`."""
