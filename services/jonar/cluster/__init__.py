"""Replicas as pods: Kubernetes keeps them, Jonar says what is wanted and tells what becomes of it."""
