"""The pages on which people sign in and see who they are here."""
