"""A crowd of clients that ask an agent for what it refuses, a thousand connections at once, among them slow ones.

    crowd.py HOST PORT CLIENT_KEY ROUNDS

CLIENT_KEY is the private key (PEM) of the platform Thor, to whose identity the agent, which is the platform Legion, has given
credits. Each connection gets a status that is documented for what it sent, or is closed where that is all that can be
done; the slow ones are closed; and a good task is done after each round. Prints the agent's resident memory in KiB after
each round. Nothing here depends on how fast the machine is.
"""

import base64
import json
import re
import resource
import selectors
import socket
import sys
import time
import uuid

from cryptography.hazmat.primitives.serialization import load_pem_private_key

HOST, PORT, ROUNDS = sys.argv[1], int(sys.argv[2]), int(sys.argv[4])
CROWD, SLOW, PATIENCE = 1000, 20, 300
PATH = "/api/v1/consciousness/"
THOR = "lct:web4:agent:dp@Thor#consciousness"
LEGION = "lct:web4:agent:dp@Legion#consciousness"

with open(sys.argv[3], "rb") as file:
    key = load_pem_private_key(file.read(), None)


def task(**changes):
    fields = {
        "task_id": str(uuid.uuid4()), "source_lct": THOR, "target_lct": LEGION, "task_type": "consciousness",
        "operation": "planning", "atp_budget": 0.5, "timeout_seconds": 60, "created_at": time.time(),
        "parameters": {"budget_mj": 9, "tasks": [{"name": "map", "time_ms": 5, "energy_mj": 4, "deadline_ms": 20}]},
    }
    return dict(fields, **changes)


def signature(fields):
    dumped = dict(fields, parameters=json.dumps(fields["parameters"], sort_keys=True))
    return base64.b64encode(key.sign(json.dumps(dumped, sort_keys=True).encode())).decode()


def request(body=b"", method="POST", path=PATH + "delegate", fields=("Content-Type: application/json",), length=None):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *fields,
             f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def signed(**changes):
    fields = task(**changes)
    return request(json.dumps({"task": fields, "signature": signature(fields)}).encode())


def unsigned(sign):
    return request(json.dumps({"task": task(), "signature": sign}).encode())


# What is sent, and the statuses of which one comes back; None stands for a connection that is closed without any.
KINDS = {
    "no JSON": lambda: (request(b"{"), [400]),
    "no UTF-8": lambda: (request(b'{"task": "\xff"}'), [400]),
    "not a number": lambda: (request(json.dumps({"task": task(atp_budget=float("nan"))}).encode()), [400]),
    "too large a number": lambda: (request(b'{"task": {"task_id": 1e999}}'), [400]),
    "nested too deep": lambda: (request(b"[" * 60_000), [400]),
    "another type": lambda: (request(b"[1, 2, 3]"), [400]),
    "wrong types": lambda: (request(json.dumps({"task": task(operation=7)}).encode()), [400]),
    "a member missing": lambda: (request(b'{"task": {"task_id": "t"}}'), [400]),
    "no LCT": lambda: (signed(target_lct="lct:web4:agent:dp\n@Legion#x"), [400]),
    "unknown operation": lambda: (signed(operation="perception.guess"), [400]),
    "too much": lambda: (signed(atp_budget=1e6), [400, 429]),
    "no signature": lambda: (unsigned(None), [401, 429]),
    "another's signature": lambda: (unsigned(base64.b64encode(bytes(64)).decode()), [401, 429]),
    "ten megabytes": lambda: (request(b"x" * 100_000, length=10_000_000), [413, None]),
    "another type of content": lambda: (request(b"a=b", fields=("Content-Type: text/plain",)), [415]),
    "another method": lambda: (request(method="DELETE"), [405]),
    "another path": lambda: (request(path="/api/v2/delegate"), [404]),
    "no such task": lambda: (request(path=PATH + "cancel/x"), [400]),
    "long target": lambda: (request(path="/" + "a" * 3000), [414]),
    "many fields": lambda: (request(fields=[f"X-{n}: 1" for n in range(80)]), [431]),
    "two hosts": lambda: (request(fields=("Host: other",)), [400]),
    "another host": lambda: (request().replace(b"Host: 127.0.0.1", b"Host: attacker.example"), [403]),
    "no length": lambda: (request(length="-1"), [400]),
    "half a head": lambda: (b"POST " + PATH.encode() + b"delegate HTTP/1.1\r\nHost: 127.0", [None]),
    "half a body": lambda: (request(b'{"task":', length=500), [None]),
}


class Client:
    """One connection, and what came back over it."""

    def __init__(self, selector, name, data, expected):
        self.name, self.data, self.expected, self.answer, self.is_open = name, data, expected, b"", True
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex((HOST, PORT))
        selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def go_on(self, selector, events):
        try:
            if events & selectors.EVENT_WRITE and self.data:
                self.data = self.data[self.socket.send(self.data):]
                if not self.data and self.expected == [None]:
                    self.socket.shutdown(socket.SHUT_WR)
            if events & selectors.EVENT_READ:
                piece = self.socket.recv(65536)
                self.answer += piece
                if not piece:
                    self.close(selector)
                    return
            selector.modify(self.socket, selectors.EVENT_READ | (selectors.EVENT_WRITE if self.data else 0), self)
        except BlockingIOError:
            pass
        except OSError:
            self.close(selector)

    def close(self, selector):
        if self.is_open:
            selector.unregister(self.socket)
            self.socket.close()
        self.is_open = False

    def complaint(self):
        statuses = {int(code) for code in re.findall(rb"HTTP/1.1 ([0-9]{3})", self.answer)}
        if self.expected is None or (statuses or {None}) <= set(self.expected):
            return None
        return f"{self.name}: {statuses} instead of {self.expected}: {self.answer[:300]}"


def crowd():
    selector = selectors.DefaultSelector()
    # They come first, so that they do hold their places while the others want one.
    slow = [Client(selector, "slow", b"POST " + PATH.encode() + b"delegate HTTP/1.1\r\nX: ", None) for _ in range(SLOW)]
    kinds = list(KINDS.items())
    others = [Client(selector, kinds[n % len(kinds)][0], *kinds[n % len(kinds)][1]()) for n in range(CROWD)]
    deadline = time.monotonic() + PATIENCE
    next_byte = 0.0
    while any(client.is_open for client in slow + others):
        assert time.monotonic() < deadline, f"still open: {[c.name for c in slow + others if c.is_open][:40]}"
        for ready, events in selector.select(0.1):
            ready.data.go_on(selector, events)
        if time.monotonic() >= next_byte:
            next_byte = time.monotonic() + 0.2
            for client in slow:
                if client.is_open and not client.data:
                    client.data = b"x"
                    selector.modify(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
    selector.close()
    complaints = [client.complaint() for client in others if client.complaint()]
    assert not complaints, "\n".join(complaints[:10])
    answered = [client.name for client in slow if client.answer]
    assert not answered, f"slow clients are closed: {answered}"


def ask(data):
    """The whole answer on a connection of its own, which has to be answered."""
    with socket.create_connection((HOST, PORT), timeout=PATIENCE) as connection:
        connection.sendall(data)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:500]
    return answer.split(b"\r\n\r\n", 1)[1].decode()


def resident():
    def value(name):
        return int(re.search(f"^{name} ([0-9]+)", text, re.MULTILINE)[1])

    # What was closed last may take the agent a moment.
    for _ in range(600):
        text = ask(request(method="GET", path="/metrics"))
        if value("sage_edge_http_connections") == 1:
            break
        time.sleep(0.1)
    assert value("sage_edge_http_connections") == 1, text
    return value("process_resident_memory_bytes") // 1024


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit if limit != resource.RLIM_INFINITY else 65_536, limit))
for _ in range(ROUNDS):
    crowd()
    assert json.loads(ask(signed()))["success"] is True
    print(resident(), flush=True)
