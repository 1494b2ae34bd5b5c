"""Distilera: users and tokens, alchemy simulations, coordinated agents, collaborations, sensitive data."""
