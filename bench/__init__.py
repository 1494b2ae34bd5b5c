"""What we promise in numbers, measured beside the floor and the peers in one run: `make bench`."""
