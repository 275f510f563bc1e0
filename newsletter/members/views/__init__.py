"""What a person does about themself, and staff who look at the site as them."""
