from __future__ import annotations

from django.urls import path

from metrics_app.pages import monitoring

app_name = "metrics_app"
urlpatterns = [
    path("monitoring/", monitoring.monitoring, name="monitoring"),
    path("monitoring/export/<slug:form>/", monitoring.export, name="export"),
]
