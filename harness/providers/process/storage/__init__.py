"""Where what processes need on disk and in memory lies, whose it is, how large it may grow, and how it goes."""
