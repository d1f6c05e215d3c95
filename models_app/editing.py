"""What people may change of a model: names, marks and notes. Facts come from scans only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from models_app import known_list
from models_app.lists.search_text import search_text
from models_app.models import LlamaModel, ModelAlias, RegistryVersion

MAX_ALIAS: Final = 200
MAX_ALIASES: Final = 32
MAX_TAG: Final = 64
MAX_TAGS: Final = 32
MAX_NOTES: Final = 20_000


class EditError(ValueError):
    """Which field is refused, and why in words for the person who typed it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def edit(model_id: int, changes: Mapping[str, Any]) -> LlamaModel:
    """Changes some of favourite, hidden, notes, tags and aliases; all of them or none.

    Raises EditError, or LlamaModel.DoesNotExist. The registry's version is raised in the same
    transaction, and only if something is different now.
    """
    wanted = {name: checked(name, value) for name, value in changes.items()}
    with transaction.atomic():
        model = LlamaModel.objects.select_for_update().get(pk=model_id)
        aliases = wanted.pop("aliases", None)
        changed = aliases is not None and _replace_aliases(model, aliases)
        different = {k: v for k, v in wanted.items() if getattr(model, k) != v}
        for name, value in different.items():
            setattr(model, name, value)
        if "tags" in different:
            model.search_text = different["search_text"] = search_text(model)
        if different:
            model.save(update_fields=list(different))
        if different or changed:
            RegistryVersion.raise_it()
    known_list.forget()
    return model


def add_aliases(wanted: Mapping[int, list[str]]) -> None:
    """More names for several models, beside those they have; all or none. The names must have been
    `checked`. Raises EditError."""
    new = [ModelAlias(name=name, llama_model_id=pk) for pk in wanted for name in wanted[pk]]
    if not new:
        return
    try:
        with transaction.atomic():
            ModelAlias.objects.bulk_create(new)
            RegistryVersion.raise_it()
    except IntegrityError:
        _refuse("aliases", "One of the new names was taken by another model just now.")
    known_list.forget()


def checked(field: str, value: object) -> Any:
    """The value as it is stored. Raises EditError."""
    return _CHECKS[field](value)


def refuse_taken(names: Iterable[str], model_id: int) -> None:
    """Raises EditError for the name or alias of another model, in whatever case.

    Compared here and not by the database: SQLite knows the case of ASCII letters only.
    """
    wanted = {name.casefold(): name for name in names}
    others = ModelAlias.objects.exclude(llama_model_id=model_id)
    for alias, owner in others.values_list("name", "llama_model__name"):
        if alias.casefold() in wanted:
            _refuse("aliases", f"“{alias}” is a name of {owner} already.")
    models = LlamaModel.objects.exclude(pk=model_id) if wanted else LlamaModel.objects.none()
    for name in models.values_list("name", flat=True).iterator():
        if name.casefold() in wanted:
            _refuse("aliases", f"“{wanted[name.casefold()]}” is the name of another model.")


def remove_missing(model_id: int) -> bool:
    """Takes a vanished model out of the registry; False if it is there (again) or unknown.

    Raises EditError while something uses it.
    """
    try:
        with transaction.atomic():
            removed, _ = LlamaModel.objects.filter(pk=model_id, state="missing").delete()
            if removed:
                RegistryVersion.raise_it()
    except ProtectedError as error:
        raise EditError("state", str(error.args[0])) from error
    known_list.forget()
    return removed > 0


def words_of(text: str) -> list[str]:
    """Names as a form takes them: separated by commas or line ends."""
    parts = text.replace("\n", ",").split(",")
    return [part.strip() for part in parts if part.strip()]


def _replace_aliases(model: LlamaModel, names: list[str]) -> bool:
    mine = set(model.aliases.values_list("name", flat=True))
    refuse_taken(set(names) - mine, model.pk)
    model.aliases.exclude(name__in=names).delete()
    new = [ModelAlias(name=name, llama_model=model) for name in names if name not in mine]
    try:
        with transaction.atomic():
            ModelAlias.objects.bulk_create(new)
    except IntegrityError:  # somebody took the name between the question and here
        _refuse("aliases", "One of these names was taken by another model just now.")
    return mine != set(names)


def _refuse(field: str, message: str) -> NoReturn:
    raise EditError(field, message)


def _flag(field: str, value: object) -> bool:
    return value if isinstance(value, bool) else _refuse(field, "Give true or false.")


def _notes(value: object) -> str:
    if not isinstance(value, str):
        _refuse("notes", "Give a text.")
    if len(value) > MAX_NOTES:
        _refuse("notes", f"Longer than {MAX_NOTES:,} characters.")
    return _storable("notes", value.replace("\r\n", "\n").strip())


def _words(field: str, value: object, most: int, longest: int) -> list[str]:
    if not isinstance(value, list):
        _refuse(field, "Give a list of texts.")
    words: dict[str, None] = {}
    folded: dict[str, str] = {}
    for word in value:
        if not isinstance(word, str) or not word.strip():
            _refuse(field, "Give texts that are not empty.")
        clean = " ".join(_storable(field, word).split())
        if len(clean) > longest:
            _refuse(field, f"“{clean[:20]}…” is longer than {longest} characters.")
        if not clean.isprintable():
            _refuse(field, f"“{_visible(clean)}” holds characters that cannot be seen.")
        if "," in clean:  # forms separate by it: the next save would make two of one
            _refuse(field, f"“{clean[:40]}” holds a comma, which separates {field}.")
        if field == "aliases" and folded.setdefault(clean.casefold(), clean) != clean:
            _refuse(field, f"“{clean[:40]}” is given twice: upper and lower case are the same.")
        words[clean] = None
    if len(words) > most:
        _refuse(field, f"More than {most}.")
    return list(words)


def _storable(field: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse(field, "Not valid Unicode text.")
    return text.replace("\0", "")


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:40])


_CHECKS: Final[Mapping[str, Any]] = {
    "favourite": lambda value: _flag("favourite", value),
    "hidden": lambda value: _flag("hidden", value),
    "notes": _notes,
    "tags": lambda value: _words("tags", value, MAX_TAGS, MAX_TAG),
    "aliases": lambda value: _words("aliases", value, MAX_ALIASES, MAX_ALIAS),
}
