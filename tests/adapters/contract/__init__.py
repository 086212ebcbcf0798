"""What every implementation of a port promises: the same tests on the in-memory twin and the real thing."""
