from django.urls import path

from inference.api.operations import api
from inference.pages.urls import urlpatterns as page_urlpatterns

urlpatterns = [*page_urlpatterns, path("v1/", api.urls)]
