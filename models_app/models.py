"""What is on disk: roots that are scanned, files found in them, models made of files, scans."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from models_app import known_list
from models_app.querysets import (
    LlamaModelQuerySet,
    ModelFileQuerySet,
    ModelRootQuerySet,
    ScanRunQuerySet,
)


def path_key(path: str) -> str:
    """A fixed-length stand-in for a path: PostgreSQL cannot index 4,096 bytes."""
    return hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


class RootKind(models.TextChoices):
    FOLDER = "folder", "folder"
    HUGGING_FACE = "huggingface", "Hugging Face cache"
    LM_STUDIO = "lmstudio", "LM Studio"
    LLAMA_CPP = "llamacpp", "llama.cpp cache"
    OLLAMA = "ollama", "Ollama"


class RootSource(models.TextChoices):
    USER = "user", "added here"
    ENVIRONMENT = "environment", "set by LLAMADASH_MODELS_DIRS"
    FOUND = "found", "found on this machine"
    DEMO = "demo", "demo models"


class ModelRoot(models.Model):
    """A scanned folder."""

    key = models.CharField(max_length=32, unique=True, editable=False)
    path = models.TextField()
    kind = models.CharField(max_length=16, choices=RootKind, default=RootKind.FOLDER)
    source = models.CharField(max_length=16, choices=RootSource, default=RootSource.USER)
    enabled = models.BooleanField(default=True)
    follow_links = models.BooleanField(default=False)  # folder links; links to files are followed
    problem = models.TextField(blank=True)  # why the last scan could not read it
    created_at = models.DateTimeField(default=timezone.now)
    scanned_at = models.DateTimeField(null=True, blank=True)

    objects = ModelRootQuerySet.as_manager()

    class Meta:
        ordering = ["path"]

    def __str__(self) -> str:
        return self.path

    def save(self, *args: object, **kwargs: object) -> None:
        self.key = path_key(self.path)
        super().save(*args, **kwargs)  # type: ignore[arg-type]


class ModelKind(models.TextChoices):
    CHAT = "chat", "chat"
    EMBEDDING = "embedding", "embedding"
    RERANKER = "reranker", "reranker"
    PROJECTOR = "projector", "vision projector"
    ADAPTER = "adapter", "adapter"
    VOCABULARY = "vocabulary", "vocabulary"
    IMATRIX = "imatrix", "importance matrix"
    UNKNOWN = "unknown", "unknown"


class FileState(models.TextChoices):
    """What a scan found; a model has the worst state of its files."""

    OK = "ok", "present"
    INCOMPLETE = "incomplete", "incomplete"  # half downloaded, or a shard is missing
    INVALID = "invalid", "invalid"  # not a GGUF file that can be used, with the reason
    UNREADABLE = "unreadable", "unreadable"  # no permission, I/O error
    MISSING = "missing", "missing"  # was there, is not any more


class ParseSource(models.TextChoices):
    HEADER = "header", "read from the file"
    NAME = "name", "from the file name only"


class LlamaModel(models.Model):
    """One model: a file, or all shards of a split one. Facts are null where nobody knows them."""

    key = models.CharField(max_length=32, unique=True, editable=False)  # path_key of `path`
    root = models.ForeignKey(ModelRoot, on_delete=models.CASCADE, related_name="llama_models")
    path = models.TextField()  # what the engine loads: the only file, or shard 1
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=12, choices=FileState, default=FileState.OK)
    reason = models.TextField(blank=True)  # why the state is not ok, in words
    parse_source = models.CharField(max_length=8, choices=ParseSource, default=ParseSource.HEADER)

    kind = models.CharField(max_length=12, choices=ModelKind, default=ModelKind.UNKNOWN)
    architecture = models.CharField(max_length=64, null=True, blank=True)
    quantization = models.CharField(max_length=32, null=True, blank=True)
    parameters = models.BigIntegerField(null=True, blank=True)
    bits_per_weight = models.FloatField(null=True, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    context_length = models.BigIntegerField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)  # core.facts.Facts without the template
    capabilities = models.JSONField(default=list, blank=True)  # ["tools", "vision", …]

    # Memory at the default context (models_app.options.MEMORY_CONTEXT); null: cannot be estimated.
    memory_context = models.BigIntegerField(null=True, blank=True)
    weights_bytes = models.BigIntegerField(null=True, blank=True)
    cache_bytes = models.BigIntegerField(null=True, blank=True)
    compute_bytes = models.BigIntegerField(null=True, blank=True)
    memory_is_lower_bound = models.BooleanField(default=False)

    projector = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="projects_for"
    )
    content_key = models.CharField(max_length=32, blank=True)  # equal for likely equal content
    copies = models.PositiveIntegerField(default=1)  # present models with this content

    favourite = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False)
    notes = models.TextField(blank=True)
    tags = models.JSONField(default=list, blank=True)  # the user's own
    search_text = models.TextField(blank=True, editable=False)  # lower case, all that `q` looks in

    last_used_at = models.DateTimeField(null=True, blank=True)
    use_count = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    missing_since = models.DateTimeField(null=True, blank=True)

    objects = LlamaModelQuerySet.as_manager()

    class Meta:
        ordering = ["-favourite", "name", "id"]
        indexes = [
            # The list as it opens, and its next pages: favourites first, then by name.
            models.Index(F("favourite").desc(), "name", "id", name="model_favourite_name"),
            # The Problems tab and the counts on the tabs.
            models.Index(fields=["state", "name"], name="model_state_name"),
            # The architecture facet, and its list of choices.
            models.Index(fields=["architecture", "name"], name="model_architecture_name"),
            # The quantization facet, and its list of choices.
            models.Index(fields=["quantization", "name"], name="model_quantization_name"),
            # "Last used" as a sort order and "never used" as a filter.
            models.Index(F("last_used_at").desc(), "id", name="model_last_used"),
            # Copies of one content, looked up after every scan and on the model's page.
            models.Index(
                fields=["content_key"],
                condition=~Q(content_key=""),
                name="model_content_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("models_app:detail", args=[self.pk])

    @property
    def file_name(self) -> str:
        return Path(self.path).name

    @property
    def folder(self) -> str:
        return str(Path(self.path).parent)

    @property
    def memory_bytes(self) -> int | None:
        """What it needs at `memory_context`, all layers in one place. An estimate."""
        if self.weights_bytes is None or self.cache_bytes is None or self.compute_bytes is None:
            return None
        return self.weights_bytes + self.cache_bytes + self.compute_bytes


class ModelFile(models.Model):
    """One GGUF on disk."""

    key = models.CharField(max_length=32, unique=True, editable=False)  # path_key of `path`
    root = models.ForeignKey(ModelRoot, on_delete=models.CASCADE, related_name="files")
    llama_model = models.ForeignKey(LlamaModel, on_delete=models.CASCADE, related_name="files")
    path = models.TextField()
    shard_number = models.PositiveIntegerField(null=True, blank=True)  # from 1
    shard_count = models.PositiveIntegerField(null=True, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    # device:inode:size:mtime_ns:ctime_ns:parser version; equal means there is nothing to read.
    scan_key = models.CharField(max_length=160)
    state = models.CharField(max_length=12, choices=FileState, default=FileState.OK)
    parse_source = models.CharField(max_length=8, choices=ParseSource, default=ParseSource.HEADER)
    error_kind = models.CharField(max_length=32, blank=True)  # core.gguf.ErrorKind
    error_offset = models.BigIntegerField(null=True, blank=True)
    error = models.TextField(blank=True)
    warnings = models.JSONField(default=list, blank=True)
    gguf_version = models.PositiveIntegerField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)  # key-values; long arrays as their size
    tensors = models.JSONField(null=True, blank=True)  # core.tensors.TensorSummary
    content_key = models.CharField(max_length=32, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)  # when the store that holds it says so
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    missing_since = models.DateTimeField(null=True, blank=True)

    objects = ModelFileQuerySet.as_manager()

    class Meta:
        ordering = ["shard_number", "path"]

    def __str__(self) -> str:
        return self.path


class ModelAlias(models.Model):
    """Another name by which requests may call a model; unique over all models."""

    name = models.CharField(max_length=200, unique=True)
    llama_model = models.ForeignKey(LlamaModel, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "model aliases"

    def __str__(self) -> str:
        return self.name


class ScanState(models.TextChoices):
    QUEUED = "queued", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"
    CANCELLED = "cancelled", "cancelled"
    FAILED = "failed", "failed"
    INTERRUPTED = "interrupted", "interrupted"  # its process ended before it did


class ScanTrigger(models.TextChoices):
    COMMAND = "command", "command line"
    SCHEDULE = "schedule", "schedule"
    START = "start", "program start"
    USER = "user", "user"
    API = "api", "API"


class ScanRun(models.Model):
    """One look at the disk: what was asked, how far it is, what it found."""

    roots = models.ManyToManyField(ModelRoot, related_name="scan_runs")
    trigger = models.CharField(max_length=10, choices=ScanTrigger, default=ScanTrigger.COMMAND)
    state = models.CharField(max_length=12, choices=ScanState, default=ScanState.QUEUED)
    force = models.BooleanField(default=False)  # read every header again
    cancel_requested = models.BooleanField(default=False)
    message = models.TextField(blank=True)  # why it failed or did not start

    n_files = models.PositiveIntegerField(default=0)
    n_models = models.PositiveIntegerField(default=0)
    n_added = models.PositiveIntegerField(default=0)
    n_updated = models.PositiveIntegerField(default=0)
    n_unchanged = models.PositiveIntegerField(default=0)
    n_missing = models.PositiveIntegerField(default=0)
    n_invalid = models.PositiveIntegerField(default=0)
    n_incomplete = models.PositiveIntegerField(default=0)
    n_to_read = models.PositiveIntegerField(default=0)
    n_read = models.PositiveIntegerField(default=0)
    current = models.TextField(blank=True)  # the file or folder it is at
    errors = models.JSONField(default=list, blank=True)  # the first 200: {path, kind, message}
    n_errors = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScanRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            # The scanner looks for queued runs every second; pages ask for running ones.
            models.Index(
                fields=["state"],
                condition=Q(state__in=["queued", "running"]),
                name="scan_open",
            ),
        ]

    def __str__(self) -> str:
        return f"scan {self.pk} ({self.state})"

    @property
    def is_open(self) -> bool:
        return self.state in (ScanState.QUEUED, ScanState.RUNNING)

    @property
    def duration_seconds(self) -> float | None:
        if self.started_at is None:
            return None
        return ((self.ended_at or timezone.now()) - self.started_at).total_seconds()


class RegistryVersion(models.Model):
    """One row, raised in every transaction that changes the registry: the lists' ETag."""

    epoch = models.UUIDField(default=uuid.uuid4)  # another database counts from 1 again
    number = models.BigIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="registry_version_is_one_row")
        ]

    def __str__(self) -> str:
        return f"{self.epoch.hex[:8]}-{self.number}"

    @classmethod
    def current(cls) -> str:
        row, _ = cls.objects.get_or_create(pk=1)
        return str(row)

    @classmethod
    def raise_it(cls) -> None:
        """Call inside the transaction that changes models, files, roots or aliases."""
        transaction.on_commit(known_list.forget)
        if not cls.objects.filter(pk=1).update(number=F("number") + 1):
            cls.objects.create(pk=1)
