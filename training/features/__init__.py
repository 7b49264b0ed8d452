"""What models may know of a day before it comes."""
