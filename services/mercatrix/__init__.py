"""Mercatrix: the economy of RuneFrameOS, a double-entry ledger in decimals and the market's listings."""
