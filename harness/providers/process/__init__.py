"""Components as plain processes of this machine: no Docker, only pip."""
