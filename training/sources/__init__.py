"""Reading sources: every cell as text, every row with its line, nothing interpreted yet."""

from training.sources.extract import Extract, columns_of
from training.sources.reading import read_source

__all__ = ["Extract", "columns_of", "read_source"]
