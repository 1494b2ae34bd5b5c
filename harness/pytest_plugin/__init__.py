"""The pytest front end: `pytest tests/api` needs no command line of ours."""
