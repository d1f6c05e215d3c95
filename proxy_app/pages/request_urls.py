from __future__ import annotations

from django.urls import path

from proxy_app.pages import request_views

app_name = "requests"
urlpatterns = [
    path("requests/", request_views.request_list, name="list"),
    path("requests/in-flight/", request_views.running_list, name="running"),
    path("requests/export/<slug:form>/", request_views.request_export, name="export"),
    path("requests/<slug:public_id>/", request_views.request_detail, name="detail"),
    path("requests/<slug:public_id>/cancel/", request_views.request_cancel, name="cancel"),
]
