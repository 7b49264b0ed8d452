"""Publications as they are served: from the store, in memory, ready to send."""
