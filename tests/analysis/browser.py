# SPDX-License-Identifier: MIT
"""A page as a browser shows it: headless Chromium, in a frame as wide as a window would be."""

import functools
import http.server
import json
import os
import re
import subprocess
import tempfile
import threading

PATIENCE_S = 60
# The window of a headless browser has a least width, a frame has not.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,"><style>body {{ margin: 0 }} iframe {{ border: 0 }}</style>
<iframe width="{width}" height="{height}"></iframe><pre id="seen"></pre><script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument, root = page.documentElement;
  const pictures = [...page.images].map(image => ({{alt: image.alt, there: image.complete && image.naturalWidth > 0}}));
  document.getElementById("seen").textContent = JSON.stringify({{pictures, width: root.clientWidth, needs: Math.max(root.scrollWidth, page.body.scrollWidth)}});
}};
frame.src = "{name}";
</script>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def chromium(*options):
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
                   "--enable-logging=stderr", "--virtual-time-budget=10000", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, env={**os.environ, "HOME": profile})


def see(page, width, picture=None):
    """What a window of so many pixels shows of a file: {"pictures": [{"alt", "there"}], "width", "needs", "errors"}. picture: a file for
    a screenshot."""
    handler = functools.partial(Quiet, directory=page.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, tempfile.NamedTemporaryFile("w", suffix=".html", dir=page.parent) as frame:
        frame.write(FRAME.format(width=width, height=12000 if picture else 900, name=page.name))
        frame.flush()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/{os.path.basename(frame.name)}"
        if picture:
            chromium(f"--screenshot={picture}", f"--window-size={max(width, 500)},12000", address)
        shown = chromium("--dump-dom", f"--window-size={max(width, 500)},900", address)
        server.shutdown()
    found = re.search(r'<pre id="seen">(.+?)</pre>', shown.stdout)
    if not found:
        raise RuntimeError(f"the page did not load: {shown.stderr[-500:]}")
    errors = [line for line in shown.stderr.splitlines() if "CONSOLE" in line]
    return {**json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")), "errors": errors}
