"""OAuth: every endpoint that a client calls, and the authorization endpoint that people pass through.

Authlib's server and grants are the frame of /authorize and /token. One conductor for each endpoint calls the steps in order.
"""
