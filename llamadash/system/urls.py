from __future__ import annotations

from django.urls import path

from llamadash.system import doctor, views

urlpatterns = [
    path("system/", views.page, name="system"),
    path("system/diagnostics.json", views.download, name="diagnostics"),
    path("system/doctor/", doctor.doctor, name="doctor"),
    path("system/session/", views.session, name="session"),
    path("metrics", views.metrics, name="metrics"),
]
