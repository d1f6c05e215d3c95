from __future__ import annotations

from django.urls import path

from engine_app.pages import preset_compare, preset_files, preset_form_views, preset_views

app_name = "presets"
urlpatterns = [
    path("presets/", preset_views.preset_list, name="list"),
    path("presets/new/", preset_form_views.preset_new, name="new"),
    path("presets/preview/", preset_form_views.preset_preview, name="preview"),
    path("presets/import/", preset_files.preset_import, name="import"),
    path("presets/export/<slug:form>/", preset_files.preset_export, name="export"),
    path("presets/<int:preset_id>/", preset_form_views.preset_change, name="change"),
    path("presets/<int:preset_id>/compare/", preset_compare.preset_compare, name="compare"),
    path("presets/<int:preset_id>/copy/", preset_views.preset_copy, name="copy"),
    path("presets/<int:preset_id>/delete/", preset_views.preset_delete, name="delete"),
]
