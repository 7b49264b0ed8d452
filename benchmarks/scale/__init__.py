"""Cost of the jobs by the size of the system: seconds, processor seconds and memory, in all and by step."""
