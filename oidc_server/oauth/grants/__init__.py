"""Grants: what a client may exchange for tokens, one file each."""
