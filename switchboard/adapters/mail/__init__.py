"""Mail: letters to the staff, handed to the company's mail server."""
