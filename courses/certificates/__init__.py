"""What a certificate looks like: on its page, and as a PDF."""
