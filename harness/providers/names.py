"""Why this exists: a place to run has one name in requests, tables, records and options. Light to import."""

AUTO = "auto"  # none of them: whichever suits best
PROCESS = "process"
DOCKER = "docker"
KUBERNETES = "kubernetes"
EXISTING = "existing"  # whose components are somebody else's
