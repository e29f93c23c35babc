"""The pages under /account: what a person sees and changes of their own.

Each page asks `Frame` who is there, and only then looks at the request; what is done is a rule of the room around.
"""
