"""What was asked becomes a plan, and an order for a keeper, before anything starts; what is wrong shows here."""
