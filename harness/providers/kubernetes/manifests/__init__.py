"""A team's own manifests: read, compared with the Compose file, and fitted to an environment."""
