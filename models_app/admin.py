"""The registry in the stock admin, for repair work: facts are what scans found, and stay so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest
from django.shortcuts import redirect

from models_app import known_list
from models_app.editing import EditError, checked, refuse_taken
from models_app.lists.search_text import search_text
from models_app.models import LlamaModel, ModelAlias, ModelFile, ModelRoot, RegistryVersion, ScanRun

if TYPE_CHECKING:  # Django's own classes take no parameters
    AnyAdmin = admin.ModelAdmin[Any]
    Aliases = admin.TabularInline[ModelAlias, LlamaModel]
    ModelForm = forms.ModelForm[LlamaModel]
    AliasModelForm = forms.ModelForm[ModelAlias]
else:
    AnyAdmin, Aliases = admin.ModelAdmin, admin.TabularInline
    ModelForm = AliasModelForm = forms.ModelForm


class Registered(AnyAdmin):
    """Whatever is changed here, the lists must know; what is not named as editable is read only."""

    editable: ClassVar[tuple[str, ...]] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        fields = [*self.opts.fields, *self.opts.many_to_many]
        return [field.name for field in fields if field.name not in self.editable]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._changed()

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except models.ProtectedError as error:  # in use: another app says so
            self.message_user(request, str(error.args[0]), messages.ERROR)
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def response_action(
        self, request: HttpRequest, queryset: models.QuerySet[Any], *more: Any
    ) -> Any:
        try:
            with transaction.atomic():  # with what the admin's own log says of it
                return super().response_action(request, queryset, *more)
        except models.ProtectedError as error:
            self.message_user(request, str(error.args[0]), messages.ERROR)
            return redirect(request.get_full_path())

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._changed()

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        self._changed()

    def _changed(self) -> None:
        # The admin's views run in a transaction, so the version is raised in the same.
        RegistryVersion.raise_it()
        known_list.forget()


class FoundByScans(Registered):
    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def allowed(field: str, value: object) -> Any:
    """As the pages and the API check it."""
    try:
        return checked(field, value)
    except EditError as error:
        raise forms.ValidationError(str(error)) from error


class EditedForm(ModelForm):
    def clean_tags(self) -> Any:
        tags = self.cleaned_data["tags"]
        return allowed("tags", [] if tags is None else tags)  # an emptied field

    def clean_notes(self) -> Any:
        return allowed("notes", self.cleaned_data["notes"])


class AliasForm(AliasModelForm):
    def clean_name(self) -> str:
        (name,) = allowed("aliases", [self.cleaned_data["name"]])
        return str(name)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        model = data.get("llama_model")  # in the inline it is the page's
        if "name" in data and model is not None:
            self._refuse_taken(data["name"], model.pk)
        return data

    def _refuse_taken(self, name: str, model_id: int) -> None:
        try:
            refuse_taken([name], model_id)
        except EditError as error:
            self.add_error("name", str(error))


class AliasInline(Aliases):
    model = ModelAlias
    form = AliasForm
    extra = 0


@admin.register(LlamaModel)
class LlamaModelAdmin(FoundByScans):
    form = EditedForm
    editable = ("favourite", "hidden", "notes", "tags")
    list_display = ("name", "kind", "architecture", "quantization", "size_bytes", "state", "root")
    list_filter = (
        "state", "kind", "favourite", "hidden", "parse_source", "architecture", "quantization",
        "root",
    )  # fmt: skip
    list_select_related = ("root",)
    search_fields = ("name", "path", "aliases__name", "search_text")
    inlines = (AliasInline,)

    def save_model(self, request: HttpRequest, obj: LlamaModel, form: Any, change: bool) -> None:
        obj.search_text = search_text(obj)
        super().save_model(request, obj, form, change)


@admin.register(ModelFile)
class ModelFileAdmin(FoundByScans):
    list_display = ("path", "llama_model", "state", "error_kind", "size_bytes", "gguf_version")
    list_filter = ("state", "error_kind", "parse_source", "gguf_version", "root")
    list_select_related = ("llama_model",)
    search_fields = ("path", "error", "sha256", "llama_model__name")


@admin.register(ModelRoot)
class ModelRootAdmin(Registered):
    """Folders are added on the Folders page, which checks them."""

    editable = ("enabled", "follow_links")
    list_display = ("path", "kind", "source", "enabled", "scanned_at", "problem")
    list_filter = ("enabled", "kind", "source")
    search_fields = ("path",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(ModelAlias)
class ModelAliasAdmin(Registered):
    form = AliasForm
    editable = ("name", "llama_model")
    list_display = ("name", "llama_model")
    list_select_related = ("llama_model",)
    search_fields = ("name", "llama_model__name")
    raw_id_fields = ("llama_model",)


@admin.register(ScanRun)
class ScanRunAdmin(FoundByScans):
    """A record: nothing in it can be changed."""

    list_display = (
        "id", "state", "trigger", "started_at", "ended_at", "n_files", "n_added", "n_updated",
        "n_missing", "n_invalid", "n_errors",
    )  # fmt: skip
    list_filter = ("state", "trigger", "force")
    search_fields = ("message", "current")
    date_hierarchy = "created_at"

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
