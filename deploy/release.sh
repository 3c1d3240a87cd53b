#!/bin/sh
# A release on a machine with systemd: migrate, start the other instance, which takes the port over and stops this one.
# Nobody is refused meanwhile. Run as root, in /srv/conway, when the new code and its environment are there:
#
#     git -C /srv/conway checkout v1.2.3 && make -C /srv/conway .venv/installed && deploy/release.sh
set -eu

cd "$(dirname "$0")/.."
environment=${CONWAY_ENVIRONMENT:-/etc/conway/environment}
owner=${CONWAY_OWNER_ENVIRONMENT:-/etc/conway/owner}   # CONWAY_MIGRATION_DATABASE_URL alone, readable by root

as_conway() {
    set -a
    . "$environment"
    [ ! -r "$owner" ] || . "$owner"
    set +a
    setpriv --reuid conway --regid conway --init-groups "$@"
}

(as_conway .venv/bin/python manage.py check --deploy --fail-level ERROR)
(as_conway .venv/bin/python manage.py migrate)

if systemctl is-active --quiet conway@a; then next=b previous=a; else next=a previous=b; fi
systemctl start "conway@$next"          # returns when it takes requests (Type=notify)
systemctl enable --quiet "conway@$next"
systemctl disable --quiet "conway@$previous" 2>/dev/null || true
echo "conway@$next serves; conway@$previous lets its running answers end."
