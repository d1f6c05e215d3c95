"""Forms of the registry's pages."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from models_app import roots
from models_app.editing import MAX_NOTES, words_of
from models_app.lists.search_text import tag_words
from models_app.models import LlamaModel, RootKind

KINDS: Final = [(roots.AUTO, "find out"), *RootKind.choices]


class FolderForm(forms.Form):
    path = forms.CharField(max_length=4096)
    kind = forms.ChoiceField(choices=KINDS, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "path" in data:
            for problem in roots.check_new(data["path"], data.get("kind") or roots.AUTO):
                self.add_error("path", problem)
        return data


class EditForm(forms.Form):
    """What people write about a model. Names are separated by commas; editing.py checks them."""

    notes = forms.CharField(max_length=MAX_NOTES, required=False, strip=True)
    tags = forms.CharField(max_length=4096, required=False)
    aliases = forms.CharField(max_length=8192, required=False)
    hidden = forms.BooleanField(required=False)

    @classmethod
    def of(cls, model: LlamaModel) -> EditForm:
        aliases = ", ".join(model.aliases.values_list("name", flat=True))
        shown = {"notes": model.notes, "tags": ", ".join(tag_words(model)), "aliases": aliases}
        return cls(shown | ({"hidden": "on"} if model.hidden else {}))

    def changes(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "notes": data["notes"],
            "tags": words_of(data["tags"]),
            "aliases": words_of(data["aliases"]),
            "hidden": data["hidden"],
        }
