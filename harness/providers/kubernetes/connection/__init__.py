"""The way to a cluster: who is asked, and how its answers and its ports come here."""
