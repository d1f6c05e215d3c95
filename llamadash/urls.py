from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from llamadash import api_docs, views
from llamadash.api import api

urlpatterns = [
    path("", include("llamadash.dashboard.urls")),
    path("", include("models_app.urls")),
    path("", include("engine_app.attached_urls")),
    path("", include("engine_app.engine_urls")),
    path("", include("engine_app.preset_urls")),
    path("", include("logs_app.pages.urls")),
    path("", include("metrics_app.pages.urls")),
    path("", include("proxy_app.playground.urls")),
    path("", include("proxy_app.pages.request_urls")),
    path("", include("proxy_app.pages.key_urls")),
    path("", include("proxy_app.routing_urls")),
    path("", include("settings_app.urls")),
    path("", include("llamadash.system.urls")),
    path("setup/", include("llamadash.setup.urls")),
    path("theme/", views.theme, name="theme"),
    path("accounts/login/", login_not_required(views.Login.as_view()), name="login"),
    path("accounts/logout/", views.logout, name="logout"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("api/docs", api_docs.page, name="api-docs"),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
]
handler400 = "llamadash.views.bad_request"
handler403 = "llamadash.views.forbidden"
handler404 = "llamadash.views.not_found"
handler500 = "llamadash.views.server_error"
