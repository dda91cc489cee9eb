"""The containers of the docker target."""
