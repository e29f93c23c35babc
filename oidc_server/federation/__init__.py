"""Federation: what other identity providers tell us of people.

Upstreams are configured by operators. A sign-in there begins with an attempt, bound to one browser, and ends with what the
upstream has told of one subject. Whose account that is, or whether somebody gets one, this room never decides.
"""
