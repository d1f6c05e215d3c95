from __future__ import annotations

from django.urls import path

from settings_app import views

app_name = "settings_app"
urlpatterns = [
    path("settings/", views.page, name="page"),
    path("settings/<slug:tab>/", views.section, name="section"),
]
