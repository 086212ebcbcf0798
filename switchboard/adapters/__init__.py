"""Adapters: the ports of the engine, joined to the real world. They never import each other."""
