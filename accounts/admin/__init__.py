"""Users, groups and keys, as staff see them.

Staff never become other staff: nobody sets a password here (the owner gets a link), only superusers touch colleagues
and groups, and nobody their own rights. That a superuser stays is the database's rule (a trigger).

users    people, their rights, what staff do for them
groups   what a role may do; superusers only
keys     what a key may do
"""

from accounts.admin import groups, keys, users
