"""PostgreSQL keeps the directory's lines as they are: unpacking took longer than looking through them."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep(storage):
    def alter(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "postgresql":
            # https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DESC-SET-STORAGE
            schema_editor.execute(
                f"ALTER TABLE importer_directorypage ALTER COLUMN lines SET STORAGE {storage}"
            )

    return alter


class Migration(migrations.Migration):
    dependencies = [("importer", "0007_directory")]
    operations = [migrations.RunPython(keep("EXTERNAL"), keep("EXTENDED"))]
