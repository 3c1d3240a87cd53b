from django.contrib.admin.apps import AdminConfig


class StaffSiteConfig(AdminConfig):
    """In a file of its own: it is read before models may be."""

    default_site = "accounts.staff_site.StaffSite"
