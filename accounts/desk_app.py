from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """In a file of its own: it is read before models may be."""

    default_site = "accounts.desk.Desk"
