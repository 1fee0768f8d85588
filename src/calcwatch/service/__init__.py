"""Use cases, one a file: what the command and other programs ask for, from files to files."""
