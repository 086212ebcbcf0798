"""Our queue beside Asterisk's own `Queue()`, in one run on one Asterisk: see README.md here."""
