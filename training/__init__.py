"""Everything that runs on history: ingest, backtest, train, promote, publish."""
