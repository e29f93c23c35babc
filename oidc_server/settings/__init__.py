"""Settings: every one with its type, its default and one sentence. The documentation's page is generated from here.

A setting `group.name` is read from the environment variable `OIDC_GROUP_NAME`, or from a file `.env`.
"""
