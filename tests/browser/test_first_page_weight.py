from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import NAME, PASSWORD, start

pytestmark = pytest.mark.browser
MOST_BYTES = 60_000
FILL = (
    "from django.contrib.auth.models import User;"
    "from tests.factories import make_model;"
    f"User.objects.create_superuser({NAME!r}, '', {PASSWORD!r});"
    "[make_model() for _ in range(50)]"
)


def test_fifty_models_on_a_first_visit_are_at_most_60_kb(browser: Browser, tmp_path: Path) -> None:
    """All that goes over the wire, with headers: page, styles, scripts, icon."""
    (tmp_path / "home").mkdir()
    for server in start(tmp_path / "data", tmp_path / "home"):
        server.manage("shell", "-v0", "-c", FILL)
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{server.url}/accounts/login/")
        page.get_by_label("Name").fill(NAME)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(lambda url: "/accounts/" not in url)
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.clearBrowserCache")
        sizes: list[int] = []

        def note(event: dict[str, Any], sizes: list[int] = sizes) -> None:
            sizes.append(int(event["encodedDataLength"]))

        network.on("Network.loadingFinished", note)
        page.goto(f"{server.url}/models/", wait_until="networkidle")
        assert page.locator("table tbody tr").count() == 50
        context.close()
        assert len(sizes) >= 4 and 0 < sum(sizes) <= MOST_BYTES
