"""What staff must know: found twice a minute, told once, listed in the admin.

looks    what is so now: one function for each kind
keeping  what began and what is over since the last look, by the rows of conway.models.Alert
telling  mails and the webhook
"""
