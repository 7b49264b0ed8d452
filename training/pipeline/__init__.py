"""The one pipeline: what a backtest evaluates and what a publication serves are both made here."""
