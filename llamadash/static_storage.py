"""How static files are kept: named by their content, our own compressed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """The admin's files are rarely asked for: compressing them would cost the first start 8 s."""

    # Imports between our ES modules name the hashed files too, so all may be kept for ever.
    support_js_module_import_aggregation = True
    keep_only_hashed_files = True

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        own = [path for path in paths if not path.startswith("admin/")]
        yield from super().compress_files(own)
