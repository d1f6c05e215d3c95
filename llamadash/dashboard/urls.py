from __future__ import annotations

from django.urls import path

from llamadash.dashboard import views

urlpatterns = [path("", views.home, name="home")]
