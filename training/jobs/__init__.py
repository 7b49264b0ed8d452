"""The jobs of the command line, one file each: where settings are read and the rooms are joined."""
