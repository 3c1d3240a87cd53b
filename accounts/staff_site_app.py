from django.contrib.admin.apps import AdminConfig


class StaffSiteConfig(AdminConfig):
    """The staff site's app. It has a file of its own, which is read before models may be."""

    default_site = "accounts.staff_site.StaffSite"
