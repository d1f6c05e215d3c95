from __future__ import annotations

from django.urls import path

from engine_app.pages import (
    engine_detail,
    engine_list,
    engine_programs,
    engine_starting,
    engine_verbs,
)

app_name = "engines"
urlpatterns = [
    path("engines/", engine_list.engine_list, name="list"),
    path("engines/start/", engine_starting.engine_new, name="new"),
    path("engines/unload/", engine_starting.engine_unload, name="unload"),
    path("engines/programs/", engine_programs.program_list, name="programs"),
    path("engines/programs/add/", engine_programs.program_add, name="program_add"),
    path("engines/programs/ask/", engine_programs.programs_ask, name="programs_ask"),
    path(
        "engines/programs/<int:program_id>/change/",
        engine_programs.program_change,
        name="program_change",
    ),
    path("engines/<int:engine_id>/", engine_detail.engine_detail, name="detail"),
    path("engines/<int:engine_id>/start/", engine_verbs.engine_start, name="start"),
    path("engines/<int:engine_id>/stop/", engine_verbs.engine_stop, name="stop"),
    path("engines/<int:engine_id>/restart/", engine_verbs.engine_restart, name="restart"),
    path("engines/<int:engine_id>/change/", engine_verbs.engine_change, name="change"),
    path("engines/<int:engine_id>/delete/", engine_verbs.engine_delete, name="delete"),
]
