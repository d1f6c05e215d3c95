"""Seeds how long kept lines stay. There are none yet that could be too old."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

KEY = "logs.lines"


def seed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    values = {
        "label": "Warnings, errors and events of logs",
        "max_age_seconds": 90 * 86_400,
        "max_rows": 200_000,
    }
    policies = apps.get_model("settings_app", "RetentionPolicy").objects
    policies.get_or_create(key=KEY, defaults=values)


def unseed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("settings_app", "RetentionPolicy").objects.filter(key=KEY).delete()


class Migration(migrations.Migration):

    dependencies = [
        ("logs_app", "0001_initial"),
        ("settings_app", "0002_retentionpolicy"),
    ]

    operations = [migrations.RunPython(seed, unseed)]
