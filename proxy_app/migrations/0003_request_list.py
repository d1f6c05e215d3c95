"""Whose request it was; indexes for the list; how long records stay. There are none yet that could
be too old."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

KEY = "requests.records"


def seed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    values = {
        "label": "Requests to the gateway",
        "max_age_seconds": 30 * 86_400,
        "max_rows": 1_000_000,
    }
    policies = apps.get_model("settings_app", "RetentionPolicy").objects
    policies.get_or_create(key=KEY, defaults=values)


def unseed(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("settings_app", "RetentionPolicy").objects.filter(key=KEY).delete()


def limit_keys(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Those that models were chosen for stay limited when these go."""
    keys = apps.get_model("proxy_app", "ApiKey").objects
    keys.filter(llama_models__isnull=False).update(limited=True)


class Migration(migrations.Migration):
    dependencies = [
        ("proxy_app", "0002_routing_and_quotas"),
        ("settings_app", "0002_retentionpolicy"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="requestrecord", name="request_of_key"),
        migrations.RemoveIndex(model_name="requestrecord", name="request_of_model"),
        migrations.RemoveIndex(model_name="requestrecord", name="request_failed"),
        migrations.AddField(
            model_name="apikey",
            name="limited",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="requestrecord",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="requestrecord",
            index=models.Index(fields=["api_key", "started_at"], name="request_key_started"),
        ),
        migrations.AddIndex(
            model_name="requestrecord",
            index=models.Index(fields=["llama_model", "started_at"], name="request_model_started"),
        ),
        migrations.AddIndex(
            model_name="requestrecord",
            index=models.Index(fields=["user", "started_at"], name="request_user_started"),
        ),
        migrations.AddIndex(
            model_name="requestrecord",
            index=models.Index(
                condition=models.Q(("error_code__gt", "")),
                fields=["started_at"],
                name="request_not_done",
            ),
        ),
        migrations.RunPython(limit_keys, migrations.RunPython.noop),
        migrations.RunPython(seed, unseed),
    ]
