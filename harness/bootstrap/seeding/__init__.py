"""An ecosystem's own seed, run apart from everything else; and what it put in, for later environments."""
