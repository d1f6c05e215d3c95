from __future__ import annotations

from django.urls import path

from proxy_app.pages import routing_views as views

app_name = "routing"
urlpatterns = [
    path("routing/", views.routing, name="page"),
    path("routing/names/new/", views.virtual_form, name="virtual_new"),
    path("routing/names/<int:number>/", views.virtual_form, name="virtual"),
    path("routing/profiles/new/", views.profile_form, name="profile_new"),
    path("routing/profiles/<int:number>/", views.profile_form, name="profile"),
    path("routing/profiles/active/", views.activate, name="activate"),
    path("routing/models/", views.choose_model, name="rewrite_new"),
    path("routing/models/<int:model_id>/", views.rewrite_form, name="rewrite"),
]
