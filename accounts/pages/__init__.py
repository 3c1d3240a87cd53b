"""The browser's side: signing up and in, passwords, the one-time link of wallet users."""
