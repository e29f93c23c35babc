"""Foundation: what any web service needs.

Nothing in here knows what a user, a client or a token is.
"""
