"""The log of rulings that nobody can edit, held by the database itself, and the moderators."""

from django.db import migrations

REFUSAL = 'rulings are never changed'

SQLITE = [
    f"""
    CREATE TRIGGER ruling_is_never_{what}d BEFORE {what.upper()} ON stories_ruling
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """
    for what in ('update', 'delete')
] + [
    # REPLACE deletes without asking the trigger of DELETE.
    f"""
    CREATE TRIGGER ruling_is_never_replaced BEFORE INSERT ON stories_ruling
    WHEN EXISTS (SELECT 1 FROM stories_ruling WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
    """
]
POSTGRESQL = [
    f"""
    CREATE FUNCTION refuse_ruling_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
    """,
    """
    CREATE TRIGGER ruling_is_never_changed BEFORE UPDATE OR DELETE ON stories_ruling
    FOR EACH ROW EXECUTE FUNCTION refuse_ruling_change()
    """,
    f"""
    CREATE FUNCTION refuse_ruling_truncation() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
        IF EXISTS (SELECT 1 FROM stories_ruling) THEN RAISE EXCEPTION '{REFUSAL}'; END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER rulings_are_never_truncated BEFORE TRUNCATE ON stories_ruling
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_ruling_truncation()
    """,
]

GROUP = 'Moderators'
MAY = {
    'story': ['view'],
    'generation': ['view'],
    'safetyfinding': ['view'],
    'case': ['view', 'decide'],
    'ruling': ['view'],
    'switch': ['view', 'change'],
    'threshold': ['view'],
}


def protect_rulings(apps, schema_editor):
    statements = {'sqlite': SQLITE, 'postgresql': POSTGRESQL}[schema_editor.connection.vendor]
    for statement in statements:
        schema_editor.execute(statement)


def make_moderators(apps, schema_editor):
    """Permissions are made after all migrations, so those of the group are made here already."""
    ContentType = apps.get_model('contenttypes', 'ContentType')
    Permission = apps.get_model('auth', 'Permission')
    group, _ = apps.get_model('auth', 'Group').objects.get_or_create(name=GROUP)
    for model, actions in MAY.items():
        content_type, _ = ContentType.objects.get_or_create(app_label='stories', model=model)
        for action in actions:
            name = 'Can decide cases' if action == 'decide' else f'Can {action} {model_name(model)}'
            permission, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=f'{action}_{model}', defaults={'name': name}
            )
            group.permissions.add(permission)


def model_name(model):
    return 'safety finding' if model == 'safetyfinding' else model


class Migration(migrations.Migration):

    dependencies = [
        ('stories', '0001_initial'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.RunPython(protect_rulings),
        migrations.RunPython(make_moderators),
    ]
