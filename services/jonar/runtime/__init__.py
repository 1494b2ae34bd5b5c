"""What runs replicas: one small contract, and one implementation for each place to run."""
