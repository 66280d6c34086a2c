#!/bin/sh
# Before removal (dpkg: remove; rpm: 0) of @PACKAGE@. An upgrade restarts the service once, afterwards.
set -e

case "$1" in
remove | 0) ;;
*) exit 0 ;;
esac

@WITHDRAW@
for unit in @UNITS@; do
    if [ -d /run/systemd/system ]; then
        if command -v deb-systemd-invoke >/dev/null; then
            deb-systemd-invoke stop "$unit.service" || true
        else
            systemctl disable --now "$unit.service" >/dev/null 2>&1 || true
        fi
    fi
done
find @FOLDER@ -depth -name __pycache__ -type d -exec rm -rf {} +
