"""PINs of the staff, as hashes in a file."""
