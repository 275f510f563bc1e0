"""A whole made-up publication, for a first look at the platform and for screenshots."""
