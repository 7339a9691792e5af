"""A session of a client of the federation with a running agent, as its programs speak HTTP.

    session.py URL CLIENT_KEY AGENT_KEY FRAME

CLIENT_KEY is the private key (PEM) of the platform Thor, AGENT_KEY that of the agent, whose public half has to have signed
every proof. The agent is the platform Legion, has given credits to Thor's identity, and serves the commands `wait` and `nap`. Prints
what all tasks together were charged, in thousandths of an ATP.
"""

import base64
import hashlib
import json
import socket
import sys
import threading
import time
import uuid
from urllib.parse import quote

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

URL, CLIENT_KEY, AGENT_KEY, FRAME = sys.argv[1:5]
THOR = "lct:web4:agent:dp@Thor#consciousness"
LEGION = "lct:web4:agent:dp@Legion#consciousness"
PLAN = {"budget_mj": 900, "tasks": [{"name": "map", "time_ms": 5, "energy_mj": 4, "deadline_ms": 20}]}
PROOF = ["atp_consumed", "created_at", "execution_time", "executor_lct", "quality_score", "result", "task_id"]
STATUS = ["active_tasks", "atp_budget", "atp_remaining", "atp_spent", "awareness_level", "created_at", "is_active", "lct_id",
          "loop_count", "max_tasks", "task", "total_runtime"]

with open(CLIENT_KEY, "rb") as file:
    client_key = load_pem_private_key(file.read(), None)
with open(AGENT_KEY, "rb") as file:
    agent_key = load_pem_private_key(file.read(), None).public_key()
charged = []


def canonical(fields, key):
    """What is signed: `fields`, whose member `key` is a text of its own."""
    return json.dumps(dict(fields, **{key: json.dumps(fields[key], sort_keys=True)}), sort_keys=True).encode()


def task(operation="planning", parameters=PLAN, **changes):
    fields = {
        "task_id": str(uuid.uuid4()), "source_lct": THOR, "target_lct": LEGION, "task_type": "consciousness",
        "operation": operation, "atp_budget": 0.5, "timeout_seconds": 60, "parameters": parameters,
        "created_at": time.time(),
    }
    return dict(fields, **changes)


def signature(fields):
    return base64.b64encode(client_key.sign(canonical(fields, "parameters"))).decode()


def post(path, **request):
    """The answer, which is the federation's in every respect."""
    answer = requests.post(URL + path, timeout=65, **request)
    return checked(answer)


def checked(answer):
    assert answer.headers["Content-Type"] == "application/json", answer.headers
    value = answer.json()
    assert answer.text == json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n", answer.text
    assert value["success"] is (answer.status_code == 200), answer.text
    return answer.status_code, value


def delegate(fields, mind="consciousness", sign=signature):
    return post(f"/api/v1/{mind}/delegate", json={"task": fields, "signature": sign(fields)})


def proof(fields, **options):
    """The proof of a task that is to be done."""
    status, answer = delegate(fields, **options)
    assert status == 200, answer
    assert sorted(answer) == ["error", "proof", "signature", "success"] and answer["error"] is None
    found = answer["proof"]
    assert sorted(found) == PROOF, found
    agent_key.verify(base64.b64decode(answer["signature"], validate=True), canonical(found, "result"))
    try:
        agent_key.verify(base64.b64decode(answer["signature"]), canonical(dict(found, quality_score=2.0), "result"))
        raise AssertionError("everything is signed")
    except InvalidSignature:
        pass
    assert found["task_id"] == fields["task_id"] and found["executor_lct"] == fields["target_lct"]
    assert 0 < found["atp_consumed"] <= fields["atp_budget"] and type(found["atp_consumed"]) is float
    assert type(found["execution_time"]) is float and found["execution_time"] >= 0
    assert 0 <= found["quality_score"] <= 1 and type(found["result"]) is dict
    assert abs(found["created_at"] - time.time()) < 60
    charged.append(round(1000 * found["atp_consumed"]))
    return found


def refused(expected, text, fields, **options):
    status, answer = delegate(fields, **options)
    assert (status, answer) == (expected, {"error": text, "proof": None, "success": False}), (status, answer)


def health():
    answer = requests.get(URL + "//api/v1/health", timeout=5)
    value = answer.json()
    assert answer.status_code == 200 and list(value) == sorted(value) and answer.text.endswith("}\n"), answer.text
    assert value["status"] == "healthy" and value["platform"] == "Legion" and value["signatures_verified"] is True
    assert type(value["active_tasks"]) is int and type(value["completed_tasks"]) is int
    head = requests.head(URL + "/api/v1/health", timeout=5)
    assert head.status_code == 200 and head.text == "" and head.headers["Content-Type"] == "application/json"
    return value


def status(lct, encoded=None):
    encoded = encoded or quote(lct, safe="")
    return checked(requests.get(f"{URL}/api/v1/consciousness/status/{encoded}", timeout=5))


def work():
    before = health()["completed_tasks"]
    assert status(LEGION) == (404, {"error": "No consciousness found for " + LEGION, "status": None, "success": False})
    plan = proof(task())
    assert plan["result"]["order"] == [{"name": "map", "start_ms": 0, "end_ms": 5}], plan
    # The text of parameters is the same as the object, and numbers keep their kind.
    text = task(parameters={**PLAN, "start_ms": 0})
    status_code, answer = post("/api/v1/cognition/delegate", json={
        "task": dict(text, parameters=json.dumps(text["parameters"])), "signature": signature(text)})
    assert status_code == 200, answer
    charged.append(round(1000 * answer["proof"]["atp_consumed"]))
    whole = proof(task(atp_budget=1))
    with open(FRAME, "rb") as file:
        frame = base64.b64encode(file.read()).decode()
    seen = proof(task("perception", {"input": frame}, target_lct=LEGION.replace("consciousness", "cognition")),
                 mind="cognition")
    assert seen["result"]["version"] == 1 and len(seen["result"]["percentiles"]) == 7
    assert health()["completed_tasks"] == before + 4
    double = quote(quote(LEGION, safe=""), safe="")
    for encoded in [None, double, LEGION.replace("#", "%23")]:
        code, answer = status(LEGION, encoded)
        assert code == 200 and answer["error"] is None, answer
        found = answer["status"]
        assert sorted(found) == STATUS and found["lct_id"] == LEGION and found["task"] == "consciousness"
        assert found["loop_count"] == 4 and found["active_tasks"] == 0 and found["max_tasks"] == 100
        assert round(1000 * found["atp_spent"]) == sum(charged) and found["atp_budget"] == 1000.0
        assert found["is_active"] is True and found["created_at"] > 1.7e9
    assert whole["atp_consumed"] < 1


def refusals():
    done = task()
    proof(done)
    refused(400, f"Task {done['task_id']} already completed", done)
    changed = dict(task(), atp_budget=0.25)
    refused(401, "Invalid signature", changed, sign=lambda fields: signature(dict(fields, atp_budget=0.5)))
    needed = "Invalid signature: 64 bytes of Ed25519 in base64 are needed"
    for sign in [
        lambda fields: base64.b64encode(hashlib.sha256(canonical(fields, "parameters")).digest()).decode(),
        lambda fields: "", lambda fields: None, lambda fields: "!!!!", lambda fields: [1],
    ]:
        refused(401, needed, task(), sign=sign)
    stranger = THOR.replace("Thor", "Nowhere")
    refused(401, "No key of Nowhere is known here; sage-edge peers add Nowhere --key FILE", task(source_lct=stranger))
    refused(400, "Target context Thor does not match platform Legion", task(target_lct=THOR))
    refused(400, "Task type consciousness does not match target LCT task consciousness.sage",
            task(target_lct=LEGION + ".sage"))
    looker = LEGION.replace("consciousness", "perception")
    refused(400, "Task perception lacks permission exec:code",
            task("execution", {"action": "wait"}, target_lct=looker, task_type="perception"))
    refused(400, "Operation perception.detect is not served here", task("perception", {"operation": "perception.detect"}))
    refused(400, "Operation delegation is not served here", task("delegation", {}))
    refused(400, "Invalid task type: thought", task(task_type="thought"))
    refused(400, "Invalid operation: x", task("x"))
    refused(400, "Invalid ATP budget: 0", task(atp_budget=0))
    refused(400, "Invalid timeout: -1.5", task(timeout_seconds=-1.5))
    refused(400, "Invalid target LCT: x", task(target_lct="x"))
    sage = THOR + ".sage"
    refused(400, "Insufficient ATP budget. Required: 5, Available: 0.0", task(source_lct=sage, atp_budget=5))
    bad = task("perception", {"input": base64.b64encode(b"no frame").decode()})
    code, answer = delegate(bad)
    assert code == 400 and answer["error"].startswith(f"Task {bad['task_id']} failed: "), answer
    late = task("execution", {"action": "wait"}, timeout_seconds=1)
    refused(400, f"Task {late['task_id']} timed out after 1 seconds", late)


def bodies():
    """What is no task gets a reason, and never the status 500."""
    path = "/api/v1/consciousness/delegate"
    types = {"Content-Type": "application/json"}
    for body in [
        b"", b"{", b"nul", b'{"task": NaN}', b'{"a": 1, "a": 2}', b'{"task": 1e400}', b'{"task": "\\ud800"}',
        b'{"a\\u0000": 1}', b'{"task": 9223372036854775808}', b"\xff\xfe", b"[1]", b"[]", b"{}", b'{"task": 7}',
        b'{"task": {"task_id": []}}', b"[" * 100000, json.dumps({"task": dict(task(), parameters="{")}).encode(),
        json.dumps({"task": dict(task(), atp_budget=float("nan"))}).encode(),
    ]:
        code, answer = post(path, data=body, headers=types)
        assert code == 400 and sorted(answer) == ["error", "proof", "success"], (body[:40], answer)
    for key in task():
        for value in [None, [], {}, True, "", -1, 1e300]:
            fields = dict(task(), **{key: value})
            code, answer = delegate(fields)
            assert code in (400, 401), (key, value, answer)
    assert post(path, data=b"{}", headers={"Content-Type": "text/plain"})[0] == 415
    assert post(path, data=b"{}")[0] == 415
    for method, where, code in [("GET", path, 405), ("DELETE", path, 405), ("GET", "/api/v1/consciousness/x", 404)]:
        assert checked(requests.request(method, URL + where, timeout=5))[0] == code
    assert post(path, data=b" " * 1_500_000, headers=types)[0] == 413
    try:
        assert post(path, data=b" " * 10_000_000, headers=types)[0] == 413
    except requests.ConnectionError:
        # The agent does not read all of it, and the client may see no more than that.
        pass
    health()


def cancellation():
    fields = task("execution", {"action": "wait"}, atp_budget=2)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(delegate(fields)))
    waiting.start()
    path = "/api/v1/consciousness/cancel/" + fields["task_id"]
    refusal = {"atp_refunded": 0.0, "cancelled": False, "error": f"Task {fields['task_id']} not active", "success": False}
    deadline = time.time() + 30
    while True:
        code, answer = post(path)
        if code == 200 or time.time() > deadline:
            break
        assert (code, answer) == (400, refusal), answer
        time.sleep(0.05)
    assert (code, answer) == (200, {"atp_refunded": 2, "cancelled": True, "error": None, "success": True}), answer
    waiting.join(30)
    assert answers == [(400, {"error": f"Task {fields['task_id']} cancelled", "proof": None, "success": False})], answers
    assert post(path) == (400, refusal)
    assert post("/api/v1/cognition/cancel/nothing")[0] == 400


def absence():
    """A client that goes away has not withdrawn its task."""
    before = status(LEGION)[1]["status"]
    fields = task("execution", {"action": "nap"})
    body = json.dumps({"task": fields, "signature": signature(fields)}).encode()
    host, port = URL.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            b"POST /api/v1/consciousness/delegate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        deadline = time.time() + 30
        while status(LEGION)[1]["status"]["active_tasks"] == 0 and time.time() < deadline:
            time.sleep(0.02)
    while status(LEGION)[1]["status"]["active_tasks"] > 0 and time.time() < deadline:
        time.sleep(0.1)
    after = status(LEGION)[1]["status"]
    assert after["loop_count"] == before["loop_count"] + 1, (before, after)
    paid = round(1000 * after["atp_spent"]) - round(1000 * before["atp_spent"])
    assert 0 < paid <= 500, (before, after)
    charged.append(paid)
    refused(400, f"Task {fields['task_id']} already completed", fields)


def crowd():
    failures = []

    def run():
        try:
            for _ in range(3):
                proof(task(atp_budget=0.125))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


work()
refusals()
bodies()
cancellation()
absence()
crowd()
health()
print(sum(charged))
