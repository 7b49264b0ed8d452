"""The operations pages: their contents as plain values, their templates and files."""
