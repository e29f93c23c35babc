"""Logout: a person signs out here, sent by a client or on their own (OpenID Connect RP-Initiated Logout)."""
