"""The engine: puts facts in one order, keeps them, asks the exchange, performs what it says."""
