"""Components as containers of a Docker engine, reached through testcontainers' client."""
