"""Tokens: what we issue, and what becomes of it.

Other rooms bring a grant; this room never asks why it was made. Nothing here is stored that could be replayed from a copy of
the database: codes and refresh tokens are derived from the grant's row and a MAC, access tokens are signed.
"""
