"""The playground: a relying party in a page, for development, that shows each step of a sign-in."""
