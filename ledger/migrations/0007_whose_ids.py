from django.conf import settings
from django.db import migrations, models

from ledger.subjects import keyed_hash


def say_whose(apps, schema_editor):
    """Of the ids that members have already: a hash leads to nobody, but each member leads to a hash."""
    User = apps.get_model(*settings.AUTH_USER_MODEL.split("."))
    Subject = apps.get_model("ledger", "Subject")
    keys = [settings.ADDRESS_KEY, *settings.OLD_ADDRESS_KEYS]
    for member in User.objects.order_by("pk").values_list("pk", flat=True).iterator():
        hashes = [keyed_hash("member", str(member), key) for key in keys]
        Subject.objects.filter(keyed_hash__in=hashes).update(member=member)


class Migration(migrations.Migration):

    dependencies = [
        ("ledger", "0006_heads_by_moment"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="subject",
            name="member",
            field=models.BigIntegerField(db_index=True, null=True),
        ),
        migrations.RunPython(say_whose, migrations.RunPython.noop),
    ]
