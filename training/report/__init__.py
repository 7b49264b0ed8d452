"""The data report: one page that shows people at a hospital what their history is like."""
