"""Actors: they make tests read as conversations."""
