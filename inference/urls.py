from django.urls import path

from inference.api import api

urlpatterns = [path("v1/", api.urls)]
