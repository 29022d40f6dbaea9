"""Recording what the routers decide: the record itself, those who make it, and its file."""
