#!/bin/sh
# After removal of @PACKAGE@; a purge also removes settings, state and accounts.
set -e

[ ! -d /run/systemd/system ] || systemctl daemon-reload || true
if [ "$1" = remove ] && command -v deb-systemd-helper >/dev/null; then
    for unit in @UNITS@; do deb-systemd-helper mask "$unit.service" >/dev/null || true; done
fi
if [ "$1" = purge ]; then
    if command -v deb-systemd-helper >/dev/null; then
        for unit in @UNITS@; do
            deb-systemd-helper purge "$unit.service" >/dev/null || true
            deb-systemd-helper unmask "$unit.service" >/dev/null || true
        done
    fi
    for unit in @UNITS@; do
        rm -rf "/etc/systemd/system/$unit.service.d"
        rm -f "/etc/systemd/system/multi-user.target.wants/$unit.service"
    done
    for file in @PURGED@; do rm -rf "$file"; done
    for folder in @FOLDERS@; do
        [ ! -d "$folder" ] || rmdir --ignore-fail-on-non-empty "$folder"
    done
    for account in @ACCOUNTS@; do
        if getent passwd "$account" >/dev/null; then userdel "$account" || true; fi
        if getent group "$account" >/dev/null; then groupdel "$account" || true; fi
    done
fi
