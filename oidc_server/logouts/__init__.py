"""Logouts: which clients must hear that a session has ended, and telling them (OpenID Connect Back-Channel Logout).

What is to be told is written in the transaction that ends the session, so that neither a crash nor a client that is down
loses it.
"""
