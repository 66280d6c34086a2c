# The settings are the administrator's from the moment they are there.
mkdir -p /etc/ottwatch
for program in desk busyhour; do
    if [ ! -e "/etc/ottwatch/$program.toml" ]; then
        cp "/usr/share/ottwatch-center/$program.toml" "/etc/ottwatch/$program.toml"
        chown "root:ott-$program" "/etc/ottwatch/$program.toml"
        chmod 640 "/etc/ottwatch/$program.toml"
    fi
done
if [ $new = yes ]; then echo "ottwatch: to configure this control centre: ott-center setup"; fi
