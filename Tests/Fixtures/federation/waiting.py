"""Clients that wait for their tasks, over connections of their own.

    waiting.py HOST PORT CLIENT_KEY SCENE

CLIENT_KEY is the private key (PEM) of the platform Thor, to two of whose identities the agent, which is the platform Legion,
has given credits. It serves the commands `wait` and `nap`. Nothing here depends on how fast the machine is.
"""

import base64
import json
import socket
import sys
import time
import uuid
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import load_pem_private_key

HOST, PORT, SCENE = sys.argv[1], int(sys.argv[2]), sys.argv[4]
THOR = "lct:web4:agent:dp@Thor#consciousness"
OTHER = THOR + ".sage"
LEGION = "lct:web4:agent:dp@Legion#consciousness"
PLAN = {"budget_mj": 9, "tasks": [{"name": "map", "time_ms": 5, "energy_mj": 4, "deadline_ms": 20}]}
PATIENCE = 300

with open(sys.argv[3], "rb") as file:
    key = load_pem_private_key(file.read(), None)


def task(operation="planning", parameters=PLAN, **changes):
    fields = {
        "task_id": str(uuid.uuid4()), "source_lct": THOR, "target_lct": LEGION, "task_type": "consciousness",
        "operation": operation, "atp_budget": 0.5, "timeout_seconds": 200, "parameters": parameters,
        "created_at": time.time(),
    }
    return dict(fields, **changes)


def signature(fields):
    dumped = dict(fields, parameters=json.dumps(fields["parameters"], sort_keys=True))
    return base64.b64encode(key.sign(json.dumps(dumped, sort_keys=True).encode())).decode()


def begin(path, body=None, data=None):
    """A connection over which the request has been sent."""
    if body is not None:
        data = json.dumps(body).encode()
    method, data = "GET" if data is None else "POST", data or b""
    head = [f"{method} /api/v1/{path} HTTP/1.1", "Host: localhost", "Connection: close",
            "Content-Type: application/json", f"Content-Length: {len(data)}"]
    connection = socket.create_connection((HOST, PORT), timeout=PATIENCE)
    connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + data)
    return connection


def end(connection):
    """The status, the header and the value of the answer, which has to come."""
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    connection.close()
    assert answer, "no answer"
    head, body = answer.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), head.decode(), json.loads(body)


def delegation(fields):
    return begin("cognition/delegate", {"task": fields, "signature": signature(fields)})


def active(count):
    """Waits until so many tasks are under way; the question is answered whoever waits."""
    for _ in range(10 * PATIENCE):
        status, head, answer = end(begin("cognition/status/" + quote(LEGION, safe="")))
        assert status in (200, 404), head
        if (answer["status"] or {"active_tasks": 0})["active_tasks"] == count:
            return
        time.sleep(0.1)
    raise AssertionError(f"never {count} tasks")


def cancel(fields, query=""):
    status, head, answer = end(begin("cognition/cancel/" + fields["task_id"] + query, {}))
    return status, answer


def quiet():
    """One task that takes longer than a client may take to read its answer, and nothing else meanwhile."""
    status, head, answer = end(delegation(task("execution", {"action": "nap"})))
    assert status == 200 and answer["success"] is True, (status, answer)


def places():
    """Eight connections, in half of which clients may wait, three of them of one source."""
    active(0)
    fields = [task("execution", {"action": "wait"}) for _ in range(3)]
    waiting = [delegation(each) for each in fields]
    active(3)
    status, head, answer = end(delegation(task()))
    assert status == 429 and "\r\nRetry-After: " in head, (status, head)
    assert answer["error"] == "As many requests as may be wait for their tasks", answer
    # Another one has its place, and what takes no time is answered.
    status, head, answer = end(delegation(task(source_lct=OTHER)))
    assert status == 200, answer
    assert cancel(fields[0])[0] == 200
    status, head, answer = end(waiting.pop(0))
    assert status == 400 and answer["error"].endswith(" cancelled"), answer
    fields.append(task("execution", {"action": "wait"}))
    waiting.append(delegation(fields[-1]))
    active(3)
    # A byte more than a request hides nobody who goes away.
    for connection in waiting:
        connection.sendall(b"G")
        connection.close()
    status, head, answer = end(delegation(task()))
    assert status == 200, answer
    active(3)
    for each in fields[1:]:
        assert cancel(each)[0] == 200


def namesakes():
    """Two sources have each a task of one name under way."""
    fields = task("execution", {"action": "wait"}, task_id="SAME")
    waiting = [delegation(fields), delegation(dict(fields, source_lct=OTHER))]
    active(2)
    assert cancel(fields) == (400, {
        "atp_refunded": 0.0, "cancelled": False, "success": False,
        "error": "Task SAME is active for several sources; say which: cancel/TASK?source_lct=LCT"})
    stranger = "?source_lct=" + quote(LEGION, safe="")
    assert cancel(fields, stranger)[1]["error"] == "Task SAME not active"
    code, answer = cancel(fields, "?source_lct=" + quote(OTHER, safe=""))
    assert code == 200 and answer["cancelled"] is True, answer
    assert end(waiting[1])[2]["error"] == "Task SAME cancelled"
    active(1)
    assert cancel(fields)[0] == 200
    assert end(waiting[0])[2]["error"] == "Task SAME cancelled"


def long():
    """Tasks that are read and verified beside the agent's loop, several at once."""
    def body(fields, sign):
        # In UTF-8, as what is signed is not.
        return json.dumps({"task": fields, "signature": sign}, ensure_ascii=False).encode()

    path, frame = "cognition/delegate", base64.b64encode(b"P5 64 64 255\n" + bytes(4096)).decode()
    fields = [task("perception", {"input": frame, "note": "\u00e9" * 300_000}) for _ in range(3)]
    forged = base64.b64encode(bytes(64)).decode()
    sent = [begin(path, data=body(each, signature(each))) for each in fields]
    sent += [begin(path, data=body(task("perception", fields[0]["parameters"]), forged)) for _ in range(3)]
    sent += [begin(path, data=b"[" * 500_000), begin(path, data=body(fields[0], "")[:-1])]
    answers = [end(connection) for connection in sent]
    assert [status for status, head, answer in answers] == [200] * 3 + [401] * 3 + [400] * 2, answers
    assert [answer["error"] for status, head, answer in answers[:6]] == [None] * 3 + ["Invalid signature"] * 3, answers
    assert {answer["proof"]["task_id"] for status, head, answer in answers[:3]} == {each["task_id"] for each in fields}


{"quiet": quiet, "places": places, "namesakes": namesakes, "long": long}[SCENE]()
