"""The catalogue of candidates: named recipes that turn history into means."""
