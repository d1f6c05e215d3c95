from __future__ import annotations

from django.urls import path

from llamadash.dashboard import views

urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/first-scan/", views.first_scan, name="home_first_scan"),
    path("dashboard/engines/", views.engines, name="home_engines"),
]
