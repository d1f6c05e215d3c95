"""Who may use the gateway, what it makes of a request, and what was asked of it."""

from __future__ import annotations

from proxy_app.models.api_key import MAX_NAME, SCOPES, ApiKey, Capture, KeyMonth
from proxy_app.models.request_record import RequestCapture, RequestRecord
from proxy_app.models.routing import ModelRewrite, Profile, VirtualModel

__all__ = [
    "MAX_NAME",
    "SCOPES",
    "ApiKey",
    "Capture",
    "KeyMonth",
    "ModelRewrite",
    "Profile",
    "RequestCapture",
    "RequestRecord",
    "VirtualModel",
]
