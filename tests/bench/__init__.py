"""The benchmark: what every hot operation costs, in CPU of the server and of the database, counted in RSA signatures."""
