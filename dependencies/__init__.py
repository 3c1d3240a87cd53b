"""What the locked requirements come to: their licences, and what is known against them."""
