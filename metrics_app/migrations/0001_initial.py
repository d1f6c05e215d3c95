from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class CreateClusteredModel(migrations.CreateModel):
    """On SQLite the table is made WITHOUT ROWID: its rows lie in the primary key itself.

    The columns of the key have to come first: `PRAGMA integrity_check` of SQLite 3.40 misreads such
    a table otherwise and finds NULL where there is none. PostgreSQL has nothing of the kind and gets
    the usual table. A later AlterField on SQLite would make the table anew without this: such a
    migration has to create the table itself.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            sql, parameters = schema_editor.table_sql(model)
            schema_editor.execute(f"{sql} WITHOUT ROWID", parameters or None)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Series',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=300, unique=True)),
                ('source', models.CharField(max_length=100)),
                ('name', models.CharField(max_length=100)),
                ('label', models.CharField(blank=True, max_length=200)),
                ('unit', models.CharField(max_length=20)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name_plural': 'series',
                'ordering': ['key'],
            },
        ),
        CreateClusteredModel(
            name='Sample',
            fields=[
                ('pk', models.CompositePrimaryKey('series_id', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('series', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='metrics_app.series')),
                ('at', models.BigIntegerField()),
                ('n', models.IntegerField()),
                ('avg', models.FloatField()),
                ('min', models.FloatField()),
                ('max', models.FloatField()),
            ],
        ),
        CreateClusteredModel(
            name='Rollup',
            fields=[
                ('pk', models.CompositePrimaryKey('series_id', 'resolution', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('series', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='metrics_app.series')),
                ('resolution', models.IntegerField()),
                ('at', models.BigIntegerField()),
                ('n', models.IntegerField()),
                ('avg', models.FloatField()),
                ('min', models.FloatField()),
                ('max', models.FloatField()),
            ],
        ),
    ]
