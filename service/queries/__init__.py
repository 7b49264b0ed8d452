"""What a request may ask for, and how it is read off a publication."""
