"""What the servers are told."""

from pathlib import Path
from typing import Any

JSON = (
    '{"time":"$msec","address":"$remote_addr","forwarded":"$http_x_forwarded_for","status":$status,'
    '"bytes":$bytes_sent,"took":$request_time,"request":"$request","agent":"$http_user_agent",'
    '"user":"$remote_user","upstream":$upstream_response_time}'
)
# The worst that a site may have: no quotes, and the variables that may be lists or hold blanks.
BARE = (
    "$remote_addr $remote_user [$time_local] $request_method $request_uri $status $bytes_sent"
    ' $http_x_forwarded_for $upstream_response_time $upstream_addr "$http_user_agent"'
)
OTT = '$msec $remote_addr $status $bytes_sent $request_time "$request" "$http_user_agent" "$http_x_playback_session_id"'
TABS = r"\t".join(
    (
        "$time_iso8601",
        "$remote_addr",
        "$http_x_forwarded_for",
        "$request",
        "$status",
        "$bytes_sent",
        "$http_user_agent",
        "$remote_user",
    )
)
# Apache's, in nginx's notation.
FORWARDED = '$http_x_forwarded_for $remote_addr [$time_local] "$request" $status $bytes_sent "$http_user_agent"'
SQUID = "$msec $took $remote_addr $result/$status $bytes_sent $request_method $request_uri $user $route $type"

# By the log's name: the definition, and the agent's keys.
IDENTITY = {"viewer_variable": "remote_user", "client_address": "http_x_forwarded_for"}
NGINX_LOGS: dict[str, tuple[str, dict[str, Any]]] = {
    "ott": (f"'{OTT}'", {"format": "ott"}),
    "json": (f"escape=json '{JSON}'", {"format": JSON, **IDENTITY}),
    "bare": (f"'{BARE}'", {"format": BARE, **IDENTITY}),
    "tabs": (
        f"'{TABS}'",
        {
            "format": "tsv",
            "columns": ["time", "address", "address", "request", "status", "size", "agent", "viewer"],
        },
    ),
    "combined": ("", {"format": "combined"}),
}


def nginx_formats() -> str:
    """Return the definitions of nginx's formats."""
    return "\n".join(f"log_format {name} {text};" for name, (text, _) in NGINX_LOGS.items() if text)


def nginx_logs(home: Path) -> str:
    """Return the definitions of nginx's logs."""
    return "\n".join(f"access_log {home}/{name}.log {name};" for name in NGINX_LOGS)


NGINX = """\
daemon off; master_process off; pid {home}/pid; {user}
events {{}}
http {{
  client_body_temp_path {home}/1; proxy_temp_path {home}/2; fastcgi_temp_path {home}/3; uwsgi_temp_path {home}/4;
  scgi_temp_path {home}/5; large_client_header_buffers 4 16k; merge_slashes off; root {root};
  {formats}
  upstream two {{ server 127.0.0.1:{dead} max_fails=0; server 127.0.0.1:{origin} max_fails=0; }}
  server {{
    listen 127.0.0.1:{port}; listen [::1]:{ipv6}; listen [::]:{mapped} ipv6only=off; listen 127.0.0.1:{http2} http2;
    {logs}
    location /upstream/ {{ proxy_pass http://two/live/; }}
    location /slow/ {{ proxy_pass http://127.0.0.1:{slow}/; }}
  }}
  server {{
    listen 127.0.0.1:{origin}; access_log off; location /slow/ {{ proxy_pass http://127.0.0.1:{slow}/; }}
  }}
}}
"""
APACHE = r"""
ServerRoot {home}
DocumentRoot {root}
PidFile {home}/pid
ErrorLog {home}/error.log
Mutex file:{home} default
Listen 127.0.0.1:{port}
Listen [::1]:{ipv6}
Listen [::]:{mapped}
ServerName localhost
StartServers 1
Protocols h2c http/1.1
LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{{Referer}}i\" \"%{{User-Agent}}i\"" vhost_combined
LogFormat "%h %l %u %t \"%r\" %>s %O \"%{{Referer}}i\" \"%{{User-Agent}}i\"" combined
LogFormat "%{{X-Forwarded-For}}i %a %t \"%r\" %>s %O \"%{{User-Agent}}i\"" forwarded
CustomLog {home}/vhost.log vhost_combined
CustomLog {home}/combined.log combined
CustomLog {home}/forwarded.log forwarded
HttpProtocolOptions Unsafe
MergeSlashes Off
ProxyPass /slow/ http://127.0.0.1:{slow}/
<LocationMatch "^/live/c2[67]">
AuthType Basic
AuthName test
AuthBasicProvider anon
Anonymous *
Anonymous_MustGiveEmail Off
Anonymous_VerifyEmail Off
Require valid-user
</LocationMatch>
"""
HAPROXY = """\
global
  log 127.0.0.1:{syslog} len 65535 format rfc3164 local0
defaults
  mode http
  log global
  timeout client 5s
  timeout server 5s
  timeout connect 2s
frontend plain
  option httplog
  bind 127.0.0.1:{port}
  bind :::{mapped} v4v6
  bind 127.0.0.1:{http2} proto h2
  capture request header User-Agent len 128
  default_backend origin
frontend secure
  option httpslog
  bind 127.0.0.1:{tls} ssl crt {certificate} alpn h2
  capture request header User-Agent len 128
  default_backend origin
backend origin
  server origin 127.0.0.1:{origin}
"""
VARNISH = """\
vcl 4.1;
backend default {{ .host = "127.0.0.1"; .port = "{origin}"; }}
sub vcl_recv {{ return (pass); }}
"""
CADDY = """\
{{
  admin off
  auto_https off
  storage file_system {home}/storage
  servers {{
    protocols h1 h2 h2c
  }}
}}
http://:{port} {{
  root * {root}
  handle_path /slow/* {{
    reverse_proxy 127.0.0.1:{slow}
  }}
  handle {{
    file_server
  }}
  log {{
    output file {home}/access.log {{
      roll_uncompressed
    }}
    format json
  }}
}}
"""
LIGHTTPD = r"""
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.modules = ("mod_accesslog", "mod_proxy")
server.errorlog = "{home}/error.log"
accesslog.filename = "{home}/access.log"
accesslog.format = "%h %V %u %t \"%r\" %>s %O \"%{{Referer}}i\" \"%{{User-Agent}}i\""
$SERVER["socket"] == "[::1]:{ipv6}" {{ }}
$HTTP["url"] =~ "^/slow/" {{ proxy.server = ("" => (("host" => "127.0.0.1", "port" => {slow}))) }}
"""
TRAFFIC_SERVER = {
    "runroot.yaml": """\
prefix: <home>
exec_prefix: /usr
bindir: /usr/bin
sbindir: /usr/sbin
sysconfdir: <home>/config
datadir: <home>/config
includedir: /usr/include
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
localstatedir: <home>/runtime
runtimedir: <home>/runtime
logdir: <home>/log
mandir: /usr/share/man
cachedir: <home>/cache
""",
    "config/records.config": """\
CONFIG proxy.config.http.server_ports STRING <port>:ip-in=127.0.0.1 <tls>:ssl:ip-in=127.0.0.1 <ipv6>:ipv6:ip-in=[::1]
CONFIG proxy.config.ssl.server.cert.path STRING <home>/config
CONFIG proxy.config.ssl.server.private_key.path STRING <home>/config
CONFIG proxy.config.admin.user_id STRING <user>
CONFIG proxy.config.log.max_secs_per_buffer INT 1
""",
    "config/remap.config": "map / http://127.0.0.1:<origin>/\n",
    "config/ssl_multicert.config": "dest_ip=* ssl_cert_name=cert.pem ssl_key_name=key.pem\n",
    "config/storage.config": "<home>/cache 16M\n",
    "config/plugin.config": "",
    "config/ip_allow.yaml": """\
ip_allow:
  - apply: in
    ip_addrs: [127.0.0.1, "::1"]
    action: allow
    methods: ALL
""",
    "config/logging.yaml": """\
logging:
  formats:
    - name: combined
      format: '%<chi> - %<caun> [%<cqtn>] "%<cqtx>" %<pssc> %<psql> "%<{Referer}cqh>" "%<{User-Agent}cqh>"'
    - name: fields
      format: '%<chi> - %<caun> [%<cqtn>] "%<cqhm> %<cquc> %<cqpv>" %<pssc> %<psql> "-" "%<{User-Agent}cqh>"'
    - name: squid
      format: '%<cqtq> %<ttms> %<chi> %<crc>/%<pssc> %<psql> %<cqhm> %<cquc> %<caun> %<phr>/%<shn> %<psct>'
  logs:
    - {filename: combined, format: combined, mode: ascii}
    - {filename: fields, format: fields, mode: ascii}
    - {filename: squid, format: squid, mode: ascii}
""",
}
