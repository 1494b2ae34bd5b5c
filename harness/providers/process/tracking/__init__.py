"""Whose a process is, as far as that can be proved: what the kernel tells of processes and their sockets."""
