from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from hypothesis import settings as hypothesis_settings

from llamadash import perf
from metrics_app.hour import hour
from models_app import known_list
from settings_app import options

# The manifest is made by collectstatic, which tests of pages do not need.
settings.STORAGES = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# A slow hash is right for users and wasted on fixtures.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Beside other tests on two cores any example may take a moment. Speed is measured elsewhere.
hypothesis_settings.register_profile("here", deadline=None)
hypothesis_settings.load_profile("here")


@pytest.fixture(autouse=True)
def _nothing_is_kept_between_tests() -> Iterator[None]:
    yield
    options.forget()
    known_list.forget()
    hour.clear()
    perf.monitor.reset()
    cache.clear()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop running under all that follow."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
