"""Audit: what happened, who did it and to whom, kept for as long as the operator wants.

Other rooms say what happened; this room writes it down and forgets it in time.
"""
