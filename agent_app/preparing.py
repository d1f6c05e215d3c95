"""What must be done before a process of this program serves or runs loops."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor

from agent_app.static_files import collect_if_changed
from logs_app import application_log
from models_app import roots
from settings_app import diagnostics

logger = logging.getLogger(__name__)


def prepare() -> None:
    """Data directory, pending migrations, stored diagnostics, folders set by the environment.

    Raises CommandError for a folder that cannot be scanned: whoever named it waits for its models.
    """
    os.umask(0o077)
    Path(settings.DATA_DIR).mkdir(mode=0o700, parents=True, exist_ok=True)
    application_log.start()
    migrate()
    diagnostics.apply()
    if problems := roots.sync_environment(settings.MODELS_DIRS):
        raise CommandError("LLAMADASH_MODELS_DIRS: " + " ".join(problems))


def prepare_web() -> None:
    prepare()
    collect_if_changed()


def migrate() -> None:
    """Applies pending migrations; asks first, since that is the usual case and cheap."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        logger.info("applying migrations")
        call_command("migrate", interactive=False, verbosity=0)
    connection.close()
