"""Images: what a Compose file needs, pulled, or made here where no registry can be reached."""
