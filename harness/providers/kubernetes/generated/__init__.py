"""The objects that a component is in a cluster, made from its Compose service."""
