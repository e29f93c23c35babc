"""Mail: letters to people, written in the transaction that causes them and sent once it is committed.

What waits is sealed, for letters hold links that are as good as passwords; nothing of a letter is kept
once it is sent. Whoever writes one never waits for the SMTP server.
"""
