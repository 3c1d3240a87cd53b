import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# What staff did, from where each thing is recorded. An approved row of the ledger is told by its request: who asked, and
# who approved.
ACTIONS = """
CREATE VIEW credits_staffaction AS
SELECT 'log-' || l.id AS id, l.action_time AS at, l.user_id AS by_id, a.address,
       CASE WHEN l.change_message LIKE 'Unlocked %' OR ct.model = 'accessattempt' THEN 'unlocks'
            WHEN ct.model IN ('group', 'staffceiling') THEN 'rights'
            WHEN ct.model = 'user'
             AND l.change_message ~ '"(Active|Staff|Superuser status|Groups|User permissions)"|eactivated' THEN 'rights'
            WHEN ct.model = 'user' THEN 'users'
            WHEN ct.model = 'apikey' THEN 'keys'
            WHEN ct.model = 'chatmodel' THEN 'models'
            WHEN ct.model = 'price' THEN 'prices'
            ELSE 'other' END AS kind,
       coalesce(ct.model, '')::text AS object_type, coalesce(l.object_id, '') AS object_id, l.object_repr::text AS object,
       l.change_message AS what, l.action_flag AS flag, NULL::bigint AS amount_cents
FROM django_admin_log l
LEFT JOIN django_content_type ct ON ct.id = l.content_type_id
LEFT JOIN accounts_staffaddress a ON a.entry_id = l.id
UNION ALL
SELECT 'entry-' || t.id, t.created_at, t.made_by_id, t.made_from, 'money', 'user', t.account_id::text,
       coalesce(u.email, u.claimed_email || ' (unproven)', nullif(u.name, ''), 'user ' || u.id),
       'Booked ' || t.reference || coalesce(', payment ' || t.payment_reference, '') || ': ' || t.reason,
       NULL, t.amount_cents
FROM credits_credittransaction t JOIN accounts_user u ON u.id = t.account_id
WHERE t.made_by_id IS NOT NULL AND t.approved_by_id IS NULL
UNION ALL
SELECT 'asked-' || r.id, r.requested_at, r.requested_by_id, r.requested_from, 'money', 'user', r.user_id::text,
       coalesce(u.email, u.claimed_email || ' (unproven)', nullif(u.name, ''), 'user ' || u.id),
       'Asked a second person for ' || r.reference || coalesce(', payment ' || r.payment_reference, '') || ': ' || r.reason,
       NULL, r.amount_cents
FROM credits_moverequest r JOIN accounts_user u ON u.id = r.user_id
UNION ALL
SELECT 'decided-' || r.id, r.decided_at, r.decided_by_id, r.decided_from, 'money', 'user', r.user_id::text,
       coalesce(u.email, u.claimed_email || ' (unproven)', nullif(u.name, ''), 'user ' || u.id),
       CASE r.decision WHEN 'approved' THEN 'Approved and booked ' WHEN 'refused' THEN 'Refused ' ELSE 'Withdrew ' END
       || r.reference || coalesce(', payment ' || r.payment_reference, ''),
       NULL, r.amount_cents
FROM credits_moverequest r JOIN accounts_user u ON u.id = r.user_id
WHERE r.decision IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("credits", "0008_rules_of_moves"),
        ("accounts", "0005_staff_address"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunSQL(ACTIONS, "DROP VIEW credits_staffaction"),
        migrations.CreateModel(
            name="StaffAction",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("address", models.GenericIPAddressField(null=True)),
                ("kind", models.TextField()),
                ("object_type", models.TextField()),
                ("object_id", models.TextField()),
                ("object", models.TextField()),
                ("what", models.TextField()),
                ("flag", models.PositiveSmallIntegerField(null=True)),
                ("amount_cents", models.BigIntegerField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"managed": False, "default_permissions": ("view",)},
        ),
    ]
