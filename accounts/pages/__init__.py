"""The browser's side: signing up and in, passwords, the one-time link of wallet users.

sign_in              signing in, and the list of what is signed in
sign_in_link         the one-time link of wallet users
email_and_password   a wallet user's first address and password
passwords            forgotten and changed ones
confirm_first        who adds a way in shows one of the present ones first
prove                who opens the mailed link has proven the address
second_factor        setting one up, and showing it
mails                what anybody may have sent to anybody, limited
labels               how forms label their fields, and browsers in words
"""
