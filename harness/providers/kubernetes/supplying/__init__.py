"""The images of pods, on the cluster's nodes."""
