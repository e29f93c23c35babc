"""Keys: what we sign with, and when.

A key's life is a timetable in its row, so that every node derives the same state from the clock, with no leader.
Private parts leave this room only as signatures.
"""
