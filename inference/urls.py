from django.urls import path

from inference.api import api
from inference.views.urls import urlpatterns as page_urlpatterns

urlpatterns = [*page_urlpatterns, path("v1/", api.urls)]
