"""Logouts: every client of a session hears of its end, once, and whatever else fails."""
