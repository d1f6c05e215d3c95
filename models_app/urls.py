from __future__ import annotations

from django.urls import path

from models_app.pages import folder_views, model_views, scan_views, views

app_name = "models_app"
urlpatterns = [
    path("models/", views.model_list, name="list"),
    path("models/problems/", views.problem_list, name="problems"),
    path("models/favourites/", views.favourite, name="favourite"),
    path("models/export/<slug:form>/", views.export, name="export"),
    path("models/folders/", folder_views.folder_list, name="folders"),
    path("models/folders/add/", folder_views.folder_add, name="folder_add"),
    path("models/folders/<int:root_id>/", folder_views.folder_change, name="folder_change"),
    path("models/scan/", scan_views.scan_now, name="scan_now"),
    path("models/scan/bar/", scan_views.scan_bar, name="scan_bar"),
    path("models/scan/<int:scan_id>/cancel/", scan_views.scan_cancel, name="scan_cancel"),
    path("models/<int:model_id>/", model_views.detail, name="detail"),
    path("models/<int:model_id>/overview/", model_views.overview, name="overview"),
    path("models/<int:model_id>/files/", model_views.files, name="files"),
    path("models/<int:model_id>/mark/", model_views.model_mark, name="mark"),
    path("models/<int:model_id>/change/", model_views.change, name="change"),
    path("models/<int:model_id>/remove/", model_views.remove, name="remove"),
]
