"""Reading sources: every cell as text, every row with its line, nothing interpreted yet."""
