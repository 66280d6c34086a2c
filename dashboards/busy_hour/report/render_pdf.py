"""The page as a PDF, printed by Chromium from the same HTML; nothing is fetched and nothing runs in it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 120.0


def printed(page: str) -> bytes:
    """Return the PDF of a page; raise OSError with what is missing or failed."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise OSError("a PDF needs Chromium (Debian: apt-get install chromium); --html can be printed by any browser")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, "utf-8")
        options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/profile"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium has no sandbox for root, and the page is our own
        try:
            done = subprocess.run(
                [program, *options, f"--print-to-pdf={target}", source.as_uri()],
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise OSError(f"{program} did not print the report within {SECONDS:.0f} s") from None
        if done.returncode or not target.exists():
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
            raise OSError(f"{program} did not print the report: {last[0]}")
        return target.read_bytes()
