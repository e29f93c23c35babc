"""Consents: what a person has allowed a client."""
