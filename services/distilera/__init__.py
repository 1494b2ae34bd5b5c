"""Distilera: users, simulations, coordination, collaborations and sensitive data."""
