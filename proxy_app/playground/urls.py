from __future__ import annotations

from django.urls import path

from proxy_app.playground import views

app_name = "playground"
urlpatterns = [
    path("playground/", views.playground, name="page"),
    path("playground/models/", views.models, name="models"),
]
