from __future__ import annotations

from django.urls import path

from engine_app.pages import attached_detail, attached_form, attached_router, attached_verbs

app_name = "attached"
urlpatterns = [
    path("engines/attach/", attached_form.attached_new, name="new"),
    path("engines/router/", attached_router.router, name="router"),
    path("engines/router/start/", attached_router.router_start, name="router_start"),
    path("engines/router/stop/", attached_router.router_stop, name="router_stop"),
    path("engines/attached/", attached_detail.attached_list, name="rows"),
    path("engines/attached/<int:server_id>/", attached_detail.attached_detail, name="detail"),
    path("engines/attached/<int:server_id>/change/", attached_form.attached_change, name="change"),
    path("engines/attached/<int:server_id>/detach/", attached_verbs.attached_detach, name="detach"),
    path("engines/attached/<int:server_id>/load/", attached_verbs.attached_load, name="load"),
    path("engines/attached/<int:server_id>/unload/", attached_verbs.attached_unload, name="unload"),
]
