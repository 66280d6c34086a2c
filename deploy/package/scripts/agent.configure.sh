# The settings are the administrator's from the moment they are there.
mkdir -p /etc/ottwatch
if [ ! -e /etc/ottwatch/agent.toml ]; then
    ott-agent init --output /etc/ottwatch/agent.toml
    chown root:ott-agent /etc/ottwatch/agent.toml
    chmod 640 /etc/ottwatch/agent.toml
fi
