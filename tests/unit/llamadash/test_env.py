from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from llamadash import env

NAME = "LLAMADASH_UNDER_TEST"


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> object:
    return lambda value: monkeypatch.setenv(NAME, value)


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("Yes", True), ("off", False)])
def test_a_boolean_is_read(monkeypatch: pytest.MonkeyPatch, value: str, wanted: bool) -> None:
    monkeypatch.setenv(NAME, value)
    assert env.boolean(NAME) is wanted


def test_a_wrong_boolean_names_variable_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(NAME, "maybe")
    with pytest.raises(ImproperlyConfigured, match="LLAMADASH_UNDER_TEST='maybe'.*1 or 0"):
        env.boolean(NAME)


def test_a_choice_lists_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "LOUD")
    with pytest.raises(ImproperlyConfigured, match="DEBUG, INFO"):
        env.choice(NAME, "INFO", ("DEBUG", "INFO"))


def test_folders_are_separated_as_in_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, os.pathsep.join(["/srv/a", " /srv/b ", ""]))
    assert env.paths(NAME) == [Path("/srv/a"), Path("/srv/b")]


def test_a_folder_may_start_at_home_or_here_and_have_blanks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NAME, "~/models:my models:~nobody-here")
    home, here, odd = env.paths(NAME)
    assert home == Path.home() / "models"
    assert here == tmp_path / "my models"
    assert odd == tmp_path / "~nobody-here"


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "data" / "secret_key"
    first = env.secret(NAME, file)
    assert env.secret(NAME, file) == first
    assert len(first) >= 50
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_short_secret_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(NAME, "hunter2hunter2")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.secret(NAME, tmp_path / "key")
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_cannot_be_written_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ImproperlyConfigured, match="LLAMADASH_DATA_DIR"):
        env.secret(NAME, tmp_path / "file" / "secret_key")


def test_flags_are_given_with_or_without_dashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "--override-tensor, lora,-ot,chat_template_file")
    found = env.flags(NAME, never=["host"])
    assert found == ["override-tensor", "lora", "ot", "chat-template-file"]


@pytest.mark.parametrize("value", ["--host", "a b", "--", "$(id)"])
def test_wrong_flags_stop_the_start(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        env.flags(NAME, never=["host"])


def test_a_range_of_ports_holds_both_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "20000 - 20009")
    assert env.ports(NAME, "18100-18999") == range(20_000, 20_010)


@pytest.mark.parametrize("value", ["20000", "b-c", "20009-20000", "80-90", "65000-70000", "-5"])
def test_what_is_no_range_of_ports_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        env.ports(NAME, "18100-18999")
