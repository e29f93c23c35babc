"""The command line: an operator at a shell."""
