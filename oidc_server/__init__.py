"""oidc-server: an OAuth 2 and OpenID Connect authorization server.

A folder is a room: it holds everything of one capability, and imports only rooms below it (docs/house.md).
"""
