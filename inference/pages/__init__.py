"""The browser's side of inference.

models        what is offered
price_table   at which prices, as listed and as charged
keys          keys to use it with
key_form      what they are made and changed with
playground    a place to try it
requests      every request, and how often others were refused
receipt       what one completion cost
own_data      all that is kept of whoever is signed in, to take away
docs          the docs of the site
"""
