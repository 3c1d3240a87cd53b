#!/bin/sh
# A base backup of the database, checked, and old ones removed. As the role that PostgreSQL lets replicate (postgres):
#
#     deploy/backup.sh /var/backups/conway [connection string]
#
# Between two of them the write-ahead log is archived by PostgreSQL itself (postgresql.conf):
#
#     archive_mode = on
#     archive_timeout = 60
#     archive_command = 'test ! -f /var/backups/conway/wal/%f && cp %p /var/backups/conway/wal/%f.new && mv /var/backups/conway/wal/%f.new /var/backups/conway/wal/%f'
#
# Set CONWAY_BACKUP_DIR to the same folder, and staff are told when a backup is overdue. Keep a copy on another machine.
set -eu

folder=${1:?where backups are kept}
address=${2:-}
keep=${CONWAY_BACKUPS_KEPT:-7}
name=$(date -u +%Y%m%dT%H%M%SZ)

mkdir -p "$folder/wal"
rm -rf "$folder"/*.part
pg_basebackup ${address:+--dbname="$address"} --pgdata="$folder/$name.part" --checkpoint=fast --wal-method=stream
pg_verifybackup --quiet "$folder/$name.part"
mv "$folder/$name.part" "$folder/$name"

# The newest ones stay, and of the log what the oldest of them needs.
ls -1d "$folder"/2*Z | sort -r | tail -n "+$((keep + 1))" | while read -r old; do rm -rf "$old"; done
oldest=$(ls -1d "$folder"/2*Z | sort | head -n 1)
first=$(sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' "$oldest/backup_label")
pg_archivecleanup --clean-backup-history "$folder/wal" "$first"
echo "$folder/$name"
