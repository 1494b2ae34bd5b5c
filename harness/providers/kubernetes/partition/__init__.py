"""Components that are kept apart by policies, and the proof that they are."""
