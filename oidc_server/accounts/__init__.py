"""Accounts: people, how they prove who they are, and their own pages."""
