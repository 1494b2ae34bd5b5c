"""Facts folded into a RunResult: the one value all reports are written from."""
