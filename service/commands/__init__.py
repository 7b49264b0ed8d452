"""The commands of `headroom-service`."""
