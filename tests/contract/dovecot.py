"""A real IMAP server (Dovecot) in a folder of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from imaplib import IMAP4
from pathlib import Path

from demo.ports import free_port

PASSWORD = "box-secret"
SECONDS = 60.0
CONFIG = """\
base_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 0
first_valid_gid = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


@contextmanager
def mailbox_server() -> Iterator[int]:
    """Run the server and yield its port; every user has the same password."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program, "Dovecot is missing: apt-get install dovecot-imapd"
    folder, port = Path(tempfile.mkdtemp(prefix="ottimap")), free_port()  # the path of a socket has to be short
    owner = pwd.getpwnam("nobody")
    (folder / "mail").mkdir()
    folder.chmod(0o755)
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    config = folder / "dovecot.conf"
    config.write_text(
        CONFIG.format(folder=folder, password=PASSWORD, port=port, uid=owner.pw_uid, gid=owner.pw_gid), "utf-8"
    )
    process = subprocess.Popen([program, "-F", "-c", str(config)])
    try:
        deadline = time.monotonic() + SECONDS
        while not _answers(port):
            assert process.poll() is None, (folder / "log").read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        IMAP4("127.0.0.1", port, 5).logout()
    except (OSError, IMAP4.error):
        return False
    return True


class Postbox:
    """One user's mailbox, as mail servers and people see it."""

    def __init__(self, port: int, user: str) -> None:
        self.port, self.user = port, user

    def deliver(self, *messages: bytes) -> None:
        """Put messages into the inbox."""
        with self._open() as box:
            for each in messages:
                assert box.append("INBOX", "", "", each)[0] == "OK"

    def count(self, folder: str = "INBOX") -> int:
        """Return how many messages a folder has."""
        with self._open() as box:
            status, found = box.select(folder, readonly=True)
            return int(found[0] or 0) if status == "OK" else 0

    @contextmanager
    def _open(self) -> Iterator[IMAP4]:
        box = IMAP4("127.0.0.1", self.port, SECONDS)
        try:
            box.login(self.user, PASSWORD)
            yield box
        finally:
            box.logout()
