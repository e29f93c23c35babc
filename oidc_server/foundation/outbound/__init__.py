"""Outbound: the one way in which this server calls others.

Addresses come from clients' registrations, so every call is led past a guard, held to a time and
a size, and follows no redirect.
"""
