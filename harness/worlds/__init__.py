"""A clean world for every test: what a test changed in the stores is put back, and nothing else is touched."""
