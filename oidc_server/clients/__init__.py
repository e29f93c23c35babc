"""Clients: which applications may ask for tokens, for what, and where answers are sent.

Also the resource servers and their scopes: what there is to ask for. What is granted to whom is decided above.
"""
