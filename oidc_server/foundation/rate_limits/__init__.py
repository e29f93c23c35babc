"""Rate limits: how often somebody may try, counted in this process or, for all nodes, in Redis."""
