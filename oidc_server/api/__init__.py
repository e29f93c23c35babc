"""The first-party JSON API under /api/v1: what an app of one's own needs to sign people in and let them see to their account.

It issues nothing itself: a login is the password grant of the app's client, with every check of the token endpoint, and gets
the same tokens. What it does to an account are the rules of `accounts`.
"""
