"""The authorization endpoint: from a client's request to the answer that its person decides (RFC 6749 §3.1).

Every page on the way returns here; only here it is decided what is due next.
"""
