"""A seeded, unkind world around the real exchange: traffic, lost and doubled facts, refusals, checks."""
