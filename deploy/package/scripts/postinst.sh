#!/bin/sh
# After installation (dpkg: configure; rpm: 1 or 2) of @PACKAGE@.
set -e

new=no
case "$1" in
configure) [ -n "$2" ] || new=yes ;;
1) new=yes ;;
2) ;;
*) exit 0 ;;
esac

python=
for candidate in @PYTHONS@; do
    if command -v "python$candidate" >/dev/null; then python=python$candidate; fi
done
if [ -n "$python" ]; then "$python" -I -m compileall -q -j 0 @FOLDER@; fi
if [ -f /usr/lib/sysusers.d/@PACKAGE@.conf ]; then systemd-sysusers @PACKAGE@.conf; fi

@CONFIGURE@

[ -d /run/systemd/system ] && running=yes || running=no
[ $running = no ] || systemctl daemon-reload
invoke=systemctl
if command -v deb-systemd-invoke >/dev/null; then invoke=deb-systemd-invoke; fi
for unit in @UNITS@; do
    if [ $new = yes ] && [ @START@ = yes ]; then
        if command -v deb-systemd-helper >/dev/null; then
            deb-systemd-helper unmask "$unit.service" >/dev/null || true
            deb-systemd-helper enable "$unit.service" >/dev/null || true
        else
            systemctl enable "$unit.service" >/dev/null 2>&1 || true
        fi
        [ $running = no ] || $invoke start "$unit.service" || true
    elif [ $running = yes ] && systemctl is-active -q "$unit.service"; then
        $invoke restart "$unit.service" || true
    fi
done
if [ $new = no ] && [ $running = yes ]; then
    for unit in @RELOADS@; do systemctl try-reload-or-restart "$unit.service" || true; done
fi
