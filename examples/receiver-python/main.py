"""A receiver of events. It checks the signatures by the Standard Webhooks
specification, with nothing but the standard library.

    PORT=8090 SECRET=whsec_… python3 main.py
"""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# How far the time of a delivery may be off, in seconds: older ones may be replays.
TOLERANCE = 300

SECRET = base64.b64decode(os.environ["SECRET"].removeprefix("whsec_"))

# The ids that were received. A real receiver stores them with what it does.
received: set[str] = set()


def why_not(headers, body: bytes) -> str | None:
    """Says why a delivery is not to be believed; None where it is."""
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not event_id or not timestamp.isdigit():
        return "headers are missing"
    if abs(time.time() - int(timestamp)) > TOLERANCE:
        return "its time is off"
    content = f"{event_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET, content, hashlib.sha256).digest()).decode()
    for signature in headers.get("webhook-signature", "").split():
        if hmac.compare_digest(signature, f"v1,{expected}"):
            return None
    return "no signature fits"


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("content-length", "0")), 1 << 20))
        wrong = why_not(self.headers, body)
        # A delivery may come twice.
        if wrong is None and self.headers["webhook-id"] not in received:
            try:
                event = json.loads(body)
                print(event["type"], event["identity_id"], flush=True)
                # Not before: what could not be handled comes again.
                received.add(self.headers["webhook-id"])
            except (ValueError, KeyError, TypeError):
                wrong = "no event"
        self.send_response(204 if wrong is None else 400)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        """Says nothing of requests."""


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver).serve_forever()
