#!/bin/sh
# A cluster from a backup and the archived log, as it was at a moment, or to the end of the log:
#
#     deploy/restore.sh /var/backups/conway /var/lib/postgresql/18/restored ["2026-11-27 08:00:00+00"]
#
# It takes the newest backup that was complete at that moment, makes the cluster and leaves it to be started. Afterwards
# (docs/operations.md, "Restoring"): grant_roles, audit_ledger, then start the gateways: their spools are replayed.
set -eu

folder=${1:?where backups are kept}
cluster=${2:?where the cluster shall be}
moment=${3:-}

[ ! -e "$cluster" ] || { echo "$cluster is there already: restore beside it, and look before you remove anything." >&2; exit 1; }
latest=$(date -u ${moment:+-d "$moment"} +%Y%m%dT%H%M%SZ)
backup=
for each in "$folder"/2*Z; do
    # complete before that moment: its name is when it began, its manifest is from its end
    done=$(date -u -r "$each/backup_manifest" +%Y%m%dT%H%M%SZ)
    if [ "$done" \< "$latest" ] || [ "$done" = "$latest" ]; then backup=$each; fi
done
[ -n "$backup" ] || { echo "No backup in $folder was complete at ${moment:-this moment}." >&2; exit 1; }

pg_verifybackup --quiet "$backup"
mkdir -m 0700 "$cluster"
cp -a "$backup/." "$cluster/"
touch "$cluster/recovery.signal"
{
    echo "restore_command = 'cp $(realpath "$folder")/wal/%f %p'"
    [ -z "$moment" ] || echo "recovery_target_time = '$moment'"
    [ -z "$moment" ] || echo "recovery_target_action = 'promote'"
    echo "archive_mode = off"   # until you have looked: a restored cluster must not write into the old one's archive
} >> "$cluster/postgresql.auto.conf"
echo "$cluster is made of $backup; start PostgreSQL on it."
