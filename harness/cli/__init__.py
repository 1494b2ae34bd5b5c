"""The command line: one of the two front ends."""
