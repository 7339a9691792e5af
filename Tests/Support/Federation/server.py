#!/usr/bin/env python3
"""A federation server as earlier programs are (docs/http-api.md), and servers that lie, break off or never end.

Usage: server.py [--tls CERTIFICATE KEY]. Prints its port and serves until its standard input ends. How it behaves is
the first part of the path: http://127.0.0.1:PORT/honest is an address whose server tells the truth.
"""

import base64
import gzip
import http.server
import json
import ssl
import sys
import threading
import time
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
CLIENT_KEY = Ed25519PrivateKey.from_private_bytes(b"\7" * 32).public_key()
COST = 5.0


def signable(fields, dumped):
    """What is signed: the fields with one of them dumped to a text first."""
    return json.dumps(dict(fields, **{dumped: json.dumps(fields[dumped], sort_keys=True)}), sort_keys=True).encode()


def proof_of(task, **changed):
    proof = {
        "task_id": task["task_id"],
        "executor_lct": task["target_lct"],
        "atp_consumed": min(COST, task["atp_budget"]),
        "execution_time": 2e-06,
        "quality_score": 0.9909999999999999,
        "result": {"observations": [task["parameters"].get("input", "é\"\\/\x7f😀\n")], "salience_scores": [1e16, -0.0]},
        "created_at": 1795797823.4408154,
    }
    proof.update(changed)
    return proof


def answer_of(proof, key=KEY):
    signature = base64.b64encode(key.sign(signable(proof, "result"))).decode()
    return {"success": True, "proof": proof, "signature": signature, "error": None}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def send(self, value, status=200, headers=(), body=None, kind="application/json"):
        if body is None:
            body = (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode()
        self.send_response(status)
        for name, text in [("Content-Type", kind), ("Content-Length", str(len(body))), *headers]:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, text, headers=()):
        self.send({"success": False, "proof": None, "error": text}, status, headers)

    def do_GET(self):
        _, mode, call = self.path.split("/", 2)
        if call == "api/v1/health":
            health = {"status": "healthy", "platform": "Legion", "active_tasks": 0, "completed_tasks": 3}
            return self.strange(mode) or self.send(health)
        if call.startswith("api/v1/consciousness/status/"):
            lct = unquote(call.removeprefix("api/v1/consciousness/status/"))
            if "#" not in lct or "%23" not in call:
                text = f"No consciousness found for {lct}"
                return self.send({"success": False, "status": None, "error": text}, 404)
            status = {"lct_id": lct, "task": "consciousness", "atp_spent": 5.0, "atp_budget": 1000.0,
                      "atp_remaining": 995.0, "active_tasks": 0, "max_tasks": 100, "total_runtime": 1e-05}
            return self.send({"success": True, "status": status, "error": None})
        self.not_found()

    def do_POST(self):
        _, mode, call = self.path.split("/", 2)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if call.startswith("api/v1/consciousness/cancel/"):
            task = unquote(call.partition("?")[0].removeprefix("api/v1/consciousness/cancel/"))
            if task.startswith("known"):
                return self.send({"success": True, "cancelled": True, "atp_refunded": 50, "error": None})
            text = f"Task {task} not active"
            return self.send({"success": False, "cancelled": False, "atp_refunded": 0.0, "error": text}, 400)
        if call != "api/v1/consciousness/delegate":
            return self.not_found()
        if self.headers.get("Content-Type") != "application/json":
            return self.refuse(500, "Internal server error: 415 Unsupported Media Type")
        request = json.loads(body)
        self.strange(mode) or self.delegate(mode, request["task"], request["signature"])

    def not_found(self):
        self.send(None, 404, body=b"<!doctype html>\n<title>404 Not Found</title>\n", kind="text/html; charset=utf-8")

    def delegate(self, mode, task, signature):
        keys = ["task_id", "source_lct", "target_lct", "task_type", "operation", "atp_budget", "timeout_seconds",
                "parameters", "created_at"]
        if sorted(task) != sorted(keys):
            return self.refuse(400, f"Invalid task format: {list(task)}")
        if mode != "before":
            try:
                CLIENT_KEY.verify(
                    base64.b64decode(signature, validate=True), signable(task, "parameters"))
            except InvalidSignature:
                return self.refuse(401, "Invalid signature")
        if task["atp_budget"] < COST:
            return self.refuse(400, f"Insufficient ATP budget. Required: {COST}, Available: {task['atp_budget']}")
        proof = proof_of(task)
        lies = {
            "other-task": {"task_id": "OTHER"},
            "task-in-small-letters": {"task_id": task["task_id"].lower()},
            "other-executor": {"executor_lct": "lct:web4:agent:dp@Thor#consciousness"},
            "too-good": {"quality_score": 3},
            "just-too-good": {"quality_score": 1.0000000000000002},
            "no-quality": {"quality_score": None},
            "too-expensive": {"atp_consumed": task["atp_budget"] + 1},
            "paid-for-it": {"atp_consumed": -1},
            "cost-in-words": {"atp_consumed": "5.0"},
            "cost-is-true": {"atp_consumed": True},
            "before-it-began": {"execution_time": -1e-9},
            "result-is-a-list": {"result": [1]},
            "at-noon": {"created_at": "2026-11-27T12:00:00Z"},
        }
        if mode in lies:
            return self.send(answer_of(proof_of(task, **lies[mode])))
        if mode == "before":
            return self.send({"success": True, "proof": proof, "error": None})
        if mode == "whole-numbers":
            return self.send(answer_of(proof_of(task, atp_consumed=5, execution_time=0, quality_score=1, created_at=1)))
        if mode == "result-is-text":
            answer = answer_of(proof)
            answer["proof"] = dict(proof, result=json.dumps(proof["result"], sort_keys=True))
            return self.send(answer)
        if mode == "other-key":
            return self.send(answer_of(proof, OTHER_KEY))
        if mode == "changed-later":
            answer = answer_of(proof)
            answer["proof"] = dict(proof, quality_score=1.0)
            return self.send(answer)
        if mode == "signature-is-hex":
            return self.send(dict(answer_of(proof), signature=KEY.sign(signable(proof, "result")).hex()))
        if mode == "signature-is-a-list":
            return self.send(dict(answer_of(proof), signature=[1]))
        if mode == "no-proof":
            return self.send({"success": True, "proof": None, "error": None})
        if mode == "success-with-500":
            return self.send(answer_of(proof), 500)
        self.send(answer_of(proof))

    def strange(self, mode):
        """What has nothing to do with the task; whether it was that."""
        if mode == "html":
            self.send(None, 500, body=b"<html>no</html>", kind="text/html")
        elif mode == "html-200":
            self.send(None, body=b"<html>welcome</html>", kind="text/html")
        elif mode == "empty":
            self.send(None, body=b"")
        elif mode == "list":
            self.send([1])
        elif mode == "nan":
            self.send({"success": True, "proof": {"quality_score": float("nan")}})
        elif mode == "twice":
            self.send(None, body=b'{"success":false,"success":true}')
        elif mode == "deep":
            self.send(None, body=b"[" * 100_000)
        elif mode == "not-utf-8":
            self.send(None, body=b'{"success":true,"proof":{"task_id":"\xff"}}')
        elif mode == "false":
            self.send({"success": False, "proof": None, "error": None})
        elif mode == "unauthorised":
            self.refuse(401, "Invalid signature")
        elif mode == "busy":
            self.refuse(429, "Rate limit exceeded", [("Retry-After", "7")])
        elif mode == "long-reason":
            self.refuse(400, "\x1b[2J" + "x" * 100_000)
        elif mode == "elsewhere":
            self.send({}, 307, [("Location", "http://192.0.2.1:1/api/v1/consciousness/delegate")])
        elif mode == "to-a-file":
            self.send({}, 302, [("Location", "file:///etc/passwd")])
        elif mode == "packed":
            self.send(None, headers=[("Content-Encoding", "gzip")], body=gzip.compress(b" " * 100_000_000))
        elif mode == "endless":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.forever(lambda: self.wfile.write(b" " * 65_536))
        elif mode == "endless-header":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            self.forever(lambda: self.wfile.write(b"X-Word: " + b"x" * 1000 + b"\r\n"))
        elif mode == "cut-off":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            self.close_connection = True
        elif mode == "no-http":
            self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            self.close_connection = True
        elif mode == "nothing":
            self.close_connection = True
        elif mode == "never":
            self.rfile.read(1)
        elif mode == "drop-by-drop":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.forever(lambda: (self.wfile.write(b" "), time.sleep(0.05)))
        else:
            return False
        return True

    def forever(self, step):
        self.close_connection = True
        try:
            while True:
                step()
        except OSError:
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        # A client that does not want the rest is what is tested.
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) == 4 and sys.argv[1] == "--tls":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
