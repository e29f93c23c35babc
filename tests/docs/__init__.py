"""The documentation: its generated pages, and that it says what is true."""
