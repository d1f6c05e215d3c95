
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('engine_app', '0003_memory'),
        ('models_app', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='AttachedServer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('node', models.CharField(max_length=100)),
                ('scheme', models.CharField(max_length=5)),
                ('host', models.CharField(max_length=253)),
                ('port', models.PositiveIntegerField()),
                ('prefix', models.CharField(blank=True, max_length=500)),
                ('enabled', models.BooleanField(default=True)),
                ('managed', models.BooleanField(default=False)),
                ('generation', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('role', models.CharField(choices=[('unknown', 'not known yet'), ('router', 'router'), ('single', 'single server')], default='unknown', max_length=8)),
                ('state', models.CharField(choices=[('unknown', 'not asked yet'), ('reachable', 'answers'), ('unreachable', 'does not answer'), ('refused', 'refuses the key'), ('wrong', 'no llama-server')], default='unknown', max_length=12)),
                ('state_changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reason', models.TextField(blank=True)),
                ('build', models.CharField(blank=True, max_length=200)),
                ('most_loaded', models.BigIntegerField(blank=True, null=True)),
                ('loads_by_itself', models.BooleanField(blank=True, null=True)),
                ('n_slots', models.BigIntegerField(blank=True, null=True)),
                ('n_left_out', models.PositiveIntegerField(default=0)),
                ('last_seen_at', models.DateTimeField(blank=True, null=True)),
                ('checked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(models.F('node'), django.db.models.functions.text.Lower('name'), name='attached_name_once'), models.UniqueConstraint(fields=('node', 'scheme', 'host', 'port', 'prefix'), name='attached_address_once')],
            },
        ),
        migrations.CreateModel(
            name='OwnRouter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('node', models.CharField(max_length=100, unique=True)),
                ('desired', models.CharField(choices=[('running', 'running'), ('stopped', 'stopped')], default='stopped', max_length=8)),
                ('generation', models.PositiveIntegerField(default=0)),
                ('most_loaded', models.PositiveSmallIntegerField(default=4)),
                ('state', models.CharField(choices=[('stopped', 'stopped'), ('starting', 'starting'), ('loading', 'loading'), ('ready', 'ready'), ('sleeping', 'sleeping'), ('stopping', 'stopping'), ('failed', 'failed')], default='stopped', max_length=8)),
                ('state_changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('observed_generation', models.PositiveIntegerField(default=0)),
                ('ready_at', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('reason_code', models.CharField(blank=True, max_length=32)),
                ('reason', models.TextField(blank=True)),
                ('advice', models.TextField(blank=True)),
                ('retry_at', models.DateTimeField(null=True)),
                ('n_failures', models.PositiveIntegerField(default=0)),
                ('argv', models.JSONField(default=list)),
                ('n_presets', models.PositiveIntegerField(default=0)),
                ('left_out', models.JSONField(default=list)),
                ('pid', models.PositiveIntegerField(null=True)),
                ('pid_started', models.BigIntegerField(null=True)),
                ('executable', models.TextField(blank=True)),
                ('port', models.PositiveIntegerField(null=True)),
                ('binary', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='engine_app.enginebinary')),
                ('server', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='own_router', to='engine_app.attachedserver')),
            ],
        ),
        migrations.CreateModel(
            name='AttachedModel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model_id', models.CharField(max_length=255)),
                ('aliases', models.JSONField(blank=True, default=list)),
                ('state', models.CharField(choices=[('unloaded', 'unloaded'), ('downloading', 'downloading'), ('loading', 'loading'), ('loaded', 'loaded'), ('sleeping', 'sleeping'), ('failed', 'failed'), ('unknown', 'unknown')], default='unknown', max_length=12)),
                ('progress', models.FloatField(blank=True, null=True)),
                ('exit_code', models.IntegerField(blank=True, null=True)),
                ('args', models.JSONField(blank=True, default=list)),
                ('path', models.TextField(blank=True)),
                ('child_port', models.PositiveIntegerField(blank=True, null=True)),
                ('context', models.BigIntegerField(blank=True, null=True)),
                ('size_bytes', models.BigIntegerField(blank=True, null=True)),
                ('modalities', models.JSONField(blank=True, default=list)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('llama_model', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='attached', to='models_app.llamamodel')),
                ('server', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='models', to='engine_app.attachedserver')),
            ],
            options={
                'ordering': ['model_id'],
                'constraints': [models.UniqueConstraint(fields=('server', 'model_id'), name='attached_model_once')],
            },
        ),
    ]
