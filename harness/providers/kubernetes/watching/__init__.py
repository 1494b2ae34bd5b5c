"""What the cluster tells of pods, and what they write."""
