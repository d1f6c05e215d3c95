from __future__ import annotations

from django.urls import path

from logs_app.pages import views

app_name = "logs_app"
urlpatterns = [
    path("logs/", views.logs, name="logs"),
    path("logs/export/<slug:form>/", views.export, name="export"),
]
