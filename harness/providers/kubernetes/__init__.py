"""Components as pods of a Kubernetes cluster, a namespace for each environment."""
