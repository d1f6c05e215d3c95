"""The same on both servers: uvicorn of `serve`, Daphne of `runserver`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.exceptions import InvalidStatus

from tests.fakes.live_client import LiveClient, cookie
from tests.fakes.migrated import migrated
from tests.fakes.publishing import publishing
from tests.fakes.serving import Serving


class Site(NamedTuple):
    running: Serving
    cookie: str
    code_offset: int  # Daphne sends only codes of its own range

    def client(self, **options: Any) -> LiveClient:
        return LiveClient(self.running.address, self.cookie, **options)


@pytest.fixture(scope="module", params=["serve", "runserver"])
def site(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("site")
    with publishing(migrated(folder), server=request.param) as running:
        yield Site(running, cookie(folder), 3000 if request.param == "runserver" else 0)
        assert "Traceback" not in running.printed


def test_figures_arrive_as_schema_snapshot_and_deltas(site: Site) -> None:
    with site.client() as client:
        client.say(op="sub", topics=["load"])
        frames = [client.frame() for _ in range(6)]
    assert [frame["op"] for frame in frames] == ["schema", "snap", *["delta"] * 4]
    assert len(client.mirror.values["load"]) == 10


def test_a_reconnect_goes_on_where_it_was(site: Site) -> None:
    with site.client() as client:
        client.say(op="sub", topics=["load"])
        client.frame_where(lambda frame: frame["op"] == "delta")
    place = client.mirror.seq["load"]
    with site.client() as again:
        again.mirror = client.mirror
        again.mirror.n_frames = 0
        again.say(op="sub", topics=["load"], since={"load": place})
        frame = again.frame()
        assert (frame["op"], frame.get("from", frame["seq"])) == ("delta", place + 1)


@pytest.mark.parametrize(
    ("frame", "code"),
    [("{", "not_json"), (b"\0\1", "binary"), ('{"op":"sub","topics":["x"]}', "unknown_topic")],
)
def test_a_bad_frame_is_answered_and_the_socket_lives_on(
    site: Site, frame: str | bytes, code: str
) -> None:
    with site.client() as client:
        client.socket.send(frame)
        assert client.frame_where(lambda answer: answer["op"] == "error")["code"] == code
        client.say(op="sub", topics=["load"])
        client.frame_where(lambda answer: answer["op"] == "delta")


def test_a_frame_of_a_megabyte_ends_the_socket(site: Site) -> None:
    with site.client() as client:
        client.socket.send("x" * 1_000_000)
        assert client.close_code() in (1009, 1009 + site.code_offset)


def test_frames_in_pieces_and_several_at_once_are_read(site: Site) -> None:
    with site.client() as client:
        client.socket.send(['{"op":"sub",', '"topics":["load"]}'])
        client.frame_where(lambda frame: frame["op"] == "delta")
        for _ in range(15):
            client.say(op="unsub", topics=["load"])
        client.socket.send("{")
        client.frame_where(lambda frame: frame["op"] == "error")


@pytest.mark.parametrize(
    "options", [{"origin": "http://evil.example"}, {"origin": "null"}, {"path": "/nowhere/"}]
)
def test_other_sites_and_other_paths_are_refused_before_the_accept(
    site: Site, options: dict[str, str]
) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        site.client(**options)
    assert refusal.value.response.status_code == 403


def test_strangers_are_refused_before_the_accept(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        LiveClient(site.running.address, "")
    assert refusal.value.response.status_code == 403


def test_serve_says_that_it_goes_and_ends(tmp_path: Path) -> None:
    with (
        publishing(migrated(tmp_path)) as running,
        LiveClient(running.address, cookie(tmp_path)) as client,
    ):
        client.say(op="sub", topics=["load"])
        client.frame()
        running.process.terminate()
        assert client.close_code() == 1001
        running.process.wait(20)
        assert running.process.returncode == 0
        assert "Traceback" not in running.printed
