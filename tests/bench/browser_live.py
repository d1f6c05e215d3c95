"""What live values cost in a real browser: changes of the page, long tasks, leaks, bytes.

The other way is the usual one: the part with the figures is made anew with every update.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.bench import big_registry
from tests.bench.row import Row
from tests.fakes.serving import serving, wait_until

NAME: Final = "browser_live"

_VISITS: Final = 40
_KB: Final = 1e3
_STORE: Final = """import(performance.getEntriesByType("resource")
  .find((entry) => entry.name.includes("/store.")).name).then((m) => ({...m.counters}))"""

# Every node that is touched or made counts.
_COUNT: Final = """() => {
  window.touched = 0;
  window.tasks = [];
  const nodes = (node) => 1 + (node.querySelectorAll?.("*").length ?? 0);
  new MutationObserver((records) => {
    for (const {type, addedNodes, removedNodes} of records) {
      const made = [...addedNodes, ...removedNodes].reduce((sum, node) => sum + nodes(node), 0);
      touched += type === "childList" ? made : 1;
    }
  }).observe(document.body, {
    subtree: true, childList: true, characterData: true, attributes: true,
  });
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)))
    .observe({type: "longtask"});
}"""

# The figures and the memory in the side bar as text, all of it set anew every second.
_NAIVE: Final = """() => {
  const parts = [...document.querySelectorAll(".figs, #side .mini")];
  const plain = (html) => html.replace(/<(\\/?)live-[a-z]+/g, "<$1span");
  const kept = parts.map((part) => plain(part.innerHTML));
  parts.forEach((part, i) => { part.innerHTML = kept[i] });
  let n = 0;
  setInterval(() => {
    n += 1;
    parts.forEach((part, i) => { part.innerHTML = kept[i].replaceAll(/>\\d/g, `>${n % 10}`) });
  }, 1000);
}"""


class _Watched(NamedTuple):
    touched: int
    changes: int  # values that the store told of
    equal: int
    values: int
    long_tasks_ms: list[float]
    busy_ms_per_minute: float


def run(quick: bool) -> list[Row]:
    big_registry.first_scan(big_registry.QUICK_MODELS if quick else big_registry.MODELS)
    seconds = 5 if quick else 15
    with _browser() as page:
        weights = {path: _weight(page, path) for path in ("/", "/models/", "/monitoring/")}
        ours = _watch(page, "/", seconds)
        charts = _watch(page, "/monitoring/?range=15m", seconds)
        naive = _watch(page, "/", seconds, naive=True)
        nodes, listeners = _leaks(page, 10 if quick else _VISITS)
    return [
        *_rows_of_values(ours, charts, naive, seconds),
        Row("browser: nodes left over by visits", nodes, "nodes", budget=0, note=_visits(quick)),
        Row("browser: listeners left over", listeners, "", budget=0, note=_visits(quick)),
        *(_weight_row(path, n_bytes) for path, n_bytes in weights.items()),
    ]


def _visits(quick: bool) -> str:
    return f"after {10 if quick else _VISITS} visits of the Dashboard in one tab"


def _rows_of_values(ours: _Watched, charts: _Watched, naive: _Watched, seconds: int) -> list[Row]:
    rows = [
        Row(
            "browser: changes of the page a changed value",
            ours.touched / max(ours.changes, 1),
            "changes",
            budget=2,
            compared_with="innerHTML of the figures",
            theirs=naive.touched / max(ours.changes, 1),
            note=f"Dashboard, {seconds} s: {ours.values} values came, {ours.equal} equal",
        ),
        Row(
            "browser: main thread, Dashboard",
            ours.busy_ms_per_minute,
            "ms/min",
            compared_with="innerHTML of the figures",
            theirs=naive.busy_ms_per_minute,
        ),
        Row("browser: main thread, Monitoring", charts.busy_ms_per_minute, "ms/min"),
    ]
    for name, watched in (("Dashboard", ours), ("Monitoring", charts)):
        over = [task for task in watched.long_tasks_ms if task > 100]
        note = f"in {seconds} s; longest {max(watched.long_tasks_ms, default=0):.0f} ms"
        rows.append(Row(f"browser: tasks over 100 ms, {name}", len(over), "", budget=0, note=note))
    return rows


def _weight_row(path: str, n_bytes: int) -> Row:
    # What a chart page loads above the others is the library and the figures.
    budget = None if path == "/monitoring/" else 60
    return Row(f"browser: first visit of {path}", n_bytes / _KB, "KB", budget=budget)


@contextmanager
def _browser() -> Iterator[Page]:
    big_registry.django_ready()
    name, value = _session()
    with serving(big_registry.DATA_DIR) as running, sync_playwright() as playwright:
        wait_until(lambda: running.get("/readyz")[0] == 200, "readiness")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        viewport = {"width": 1440, "height": 1600}
        context = browser.new_context(viewport=viewport, base_url=running.address)  # type: ignore[arg-type]
        context.add_cookies([{"name": name, "value": value, "url": running.address}])
        yield context.new_page()
        browser.close()


def _session() -> tuple[str, str]:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.create_superuser("browser"))
    name = settings.SESSION_COOKIE_NAME
    return name, client.cookies[name].value


def _watch(page: Page, path: str, seconds: int, *, naive: bool = False) -> _Watched:
    page.goto(path)
    page.wait_for_timeout(3000)  # loaded, drawn, connected
    if naive:
        page.evaluate(_NAIVE)
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    before, busy = page.evaluate(_STORE), _busy_seconds(cdp)
    page.evaluate(_COUNT)
    page.wait_for_timeout(seconds * 1000)
    busy = _busy_seconds(cdp) - busy
    touched, tasks = page.evaluate("[touched, tasks]")
    after = page.evaluate(_STORE)
    n = {key: after[key] - before[key] for key in after}
    per_minute = busy * 1000 * 60 / seconds
    return _Watched(touched, n["changes"], n["equal"], n["sets"], tasks, per_minute)


def _busy_seconds(cdp: CDPSession) -> float:
    metrics = cdp.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


def _leaks(page: Page, visits: int) -> tuple[int, int]:
    cdp = page.context.new_cdp_session(page)
    page.goto("/")
    page.wait_for_timeout(2000)
    before = _counted(cdp)
    for _ in range(visits):
        page.goto("/")
    page.wait_for_timeout(2000)
    after = _counted(cdp)
    return after["nodes"] - before["nodes"], after["jsEventListeners"] - before["jsEventListeners"]


def _counted(cdp: CDPSession) -> dict[str, Any]:
    for _ in range(2):  # what the first finalizes, the second frees
        cdp.send("HeapProfiler.collectGarbage")
    return dict(cdp.send("Memory.getDOMCounters"))


def _weight(page: Page, path: str) -> int:
    """With headers, from an empty cache."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.send("Network.clearBrowserCache")
    sizes: list[int] = []
    cdp.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(path, wait_until="load")
    page.wait_for_timeout(2000)
    cdp.detach()
    return sum(sizes)
