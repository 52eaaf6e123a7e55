from django.db import migrations


def say_under_which_hold(apps, schema_editor):
    """Complaints since the sender was last let go belong to the hold that is open now."""
    Hold = apps.get_model("invites", "Hold")
    Case = apps.get_model("invites", "Case")
    for hold in Hold.objects.filter(lifted_at=None, scope__startswith="sender:"):
        cases = Case.objects.filter(invitation__sender_id=int(hold.scope.removeprefix("sender:")))
        before = Hold.objects.filter(scope=hold.scope, lifted_at__isnull=False)
        last = before.order_by("-lifted_at").first()
        if last:
            cases = cases.filter(opened_at__gt=last.lifted_at)
        cases.update(hold=hold)


class Migration(migrations.Migration):

    dependencies = [("invites", "0010_the_desk_at_any_size")]
    operations = [migrations.RunPython(say_under_which_hold, migrations.RunPython.noop)]
