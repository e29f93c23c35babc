"""Client authentication: how a client proves who it is, one file for each kind of proof."""
