"""The contract between training and service: what a publication is, and where it is stored."""
