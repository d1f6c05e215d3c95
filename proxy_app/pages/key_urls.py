from __future__ import annotations

from django.urls import path

from proxy_app.pages import key_views

app_name = "keys"
urlpatterns = [
    path("keys/", key_views.key_list, name="list"),
    path("keys/new/", key_views.key_new, name="new"),
    path("keys/<int:key_id>/", key_views.key_detail, name="detail"),
    path("keys/<int:key_id>/revoke/", key_views.key_revoke, name="revoke"),
    path("keys/<int:key_id>/allow/", key_views.key_allow, name="allow"),
    path("keys/<int:key_id>/rotate/", key_views.key_rotate, name="rotate"),
    path("keys/<int:key_id>/delete/", key_views.key_delete, name="delete"),
]
