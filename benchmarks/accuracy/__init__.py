"""The accuracy that the product promises, measured beside other programs: `python -m benchmarks.accuracy`."""
