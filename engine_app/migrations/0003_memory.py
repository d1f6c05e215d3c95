import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('engine_app', '0002_engines'),
    ]

    operations = [
        migrations.AddField(
            model_name='engine',
            name='claim',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='engine',
            name='force',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='enginerun',
            name='plan',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.CreateModel(
            name='MeasuredMemory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('files_hash', models.CharField(max_length=32)),
                ('options_hash', models.CharField(max_length=32)),
                ('build', models.CharField(max_length=160)),
                ('device_set', models.CharField(max_length=400)),
                ('by_device', models.JSONField(default=dict)),
                ('source', models.CharField(choices=[('load', 'measured'), ('out_of_memory', 'raised after it ran out of memory')], default='load', max_length=16)),
                ('measured_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name_plural': 'measured memory',
                'ordering': ['-measured_at'],
                'indexes': [models.Index(fields=['measured_at'], name='memory_oldest')],
                'constraints': [models.UniqueConstraint(fields=('files_hash', 'options_hash', 'build', 'device_set'), name='memory_once_for_a_start')],
            },
        ),
    ]
