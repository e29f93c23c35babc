"""Projects: a developer registers and manages clients of their own, together with others, without being an administrator.

A project has members; what each may do stands in `rights`, and every deed asks there first. What a client may be is decided by
`clients`, as for one that registers itself. A project lives as long as it has an owner.
"""
