"""The same money, read only. Nothing here is on a request's way.

receipts      what one completion cost, and why
daily_sales   what was sold, by day and model
dashboard     the admin's front page
dossier       what staff ask about one user
own_data      all that is kept of a user, as they may have it
margin        what a completion earned
price_lists   public price lists, read into one form
price_check   where the catalogue and those lists disagree
audit         every charge, computed again
"""
