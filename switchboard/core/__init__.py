"""The pure core: the exchange and everything it decides with. No I/O, no clock, no chance (DESIGN: "the one idea")."""
