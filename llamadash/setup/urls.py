from __future__ import annotations

from django.urls import path

from llamadash.setup import account, folder, scan

app_name = "setup"
urlpatterns = [
    path("", account.page, name="account"),
    path("folder/", folder.page, name="folder"),
    path("scan/", scan.page, name="scan"),
    path("done/", scan.done, name="done"),
    path("skip/", folder.skip, name="skip"),
]
