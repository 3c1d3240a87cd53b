"""What REST framework asks of who is asking.

authentication   a header → a user, by accounts/authentication.py
permissions      a caller who is known, or one signed in by more than a key
request          a view's request, with its caller
"""
