"""Outbound: calls to addresses that others gave us, which must not reach what only we can reach (SSRF).

The one door for HTTP that goes out. What is called, and what is done with the answer, the rooms above decide.
"""
