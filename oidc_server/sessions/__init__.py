"""Sessions: a person signed in on a browser, and what they came to do.

The cookie is derived from the row and a MAC: a copy of the database signs nobody in.
"""
