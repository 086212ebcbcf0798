"""Tools that break things on purpose, for any test: wires that can be cut, events that get lost.

Each is a context manager that stands between two real parts, on loopback, and is gone when its block is left.
"""
