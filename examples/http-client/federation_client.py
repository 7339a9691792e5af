#!/usr/bin/env python3
"""Hands tasks to a federation server over HTTP, and believes only what it can check.

    federation_client.py http://192.0.2.12:8080 health
    federation_client.py http://192.0.2.12:8080 --key Legion_ed25519_private.pem --server-key thor.pem \
        delegate perception lct:web4:agent:dp@Legion#consciousness lct:web4:agent:dp@Thor#consciousness \
        --budget 20 --parameters '{"input": "…"}'
    federation_client.py http://192.0.2.12:8080 status lct:web4:agent:dp@Thor#consciousness
    federation_client.py http://192.0.2.12:8080 cancel TASK

Needs requests and cryptography. As a module: FederationClient.
"""

import argparse
import base64
import json
import sys
import time
import uuid
from urllib.parse import quote

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key


class Refused(Exception):
    """The server refuses, with its reason; or its answer is not what was asked for."""


def message(fields, dumped):
    """What is signed: the fields in Python's canonical JSON, one of them dumped to a text first."""
    text = json.dumps(fields[dumped], sort_keys=True)
    return json.dumps(dict(fields, **{dumped: text}), sort_keys=True).encode("utf-8")


class FederationClient:
    def __init__(self, url, key=None, server_key=None, api_key=None):
        """`key` signs tasks; `server_key` is what answers have to be signed with; both as `cryptography` loads them."""
        self.url = url.rstrip("/")
        self.key = key
        self.server_key = server_key
        self.session = requests.Session()
        if api_key:
            self.session.headers["X-API-Key"] = api_key

    def health(self):
        return self._ask("GET", "health")

    def status(self, lct):
        return self._ask("GET", "consciousness/status/" + quote(lct, safe=""))["status"]

    def cancel(self, task_id, source=None):
        """What of the budget is free again; `source` says whose task is meant where several have one of that name."""
        query = "?source_lct=" + quote(source, safe="") if source else ""
        return self._ask("POST", "consciousness/cancel/" + quote(task_id, safe="") + query)["atp_refunded"]

    def delegate(self, operation, source, target, budget, parameters=None, timeout=60):
        """The proof that `target` did it. A task that was sent once is not sent again by itself."""
        task = {
            "task_id": f"{operation}-{uuid.uuid4()}",
            "source_lct": source,
            "target_lct": target,
            "task_type": target.rsplit("#", 1)[1],
            "operation": operation,
            "atp_budget": float(budget),
            "timeout_seconds": timeout,
            "parameters": parameters or {},
            "created_at": time.time(),
        }
        signature = base64.b64encode(self.key.sign(message(task, "parameters"))).decode() if self.key else ""
        answer = self._ask("POST", "consciousness/delegate", {"task": task, "signature": signature}, timeout + 5)
        return self._checked(answer, task)

    def _checked(self, answer, task):
        proof = answer.get("proof")
        if not isinstance(proof, dict):
            raise Refused("the answer has no proof")
        if proof.get("task_id") != task["task_id"] or proof.get("executor_lct") != task["target_lct"]:
            raise Refused("the proof is of another task, or by another executor")
        for name, most in [("atp_consumed", task["atp_budget"]), ("quality_score", 1), ("execution_time", float("inf"))]:
            value = proof.get(name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
                raise Refused(f"{name} is {value!r}")
        if self.server_key:
            try:
                signature = base64.b64decode(answer.get("signature") or "", validate=True)
                self.server_key.verify(signature, message(proof, "result"))
            except (InvalidSignature, ValueError, TypeError, KeyError) as error:
                raise Refused("the proof is not signed by the server's key") from error
        return proof

    def _ask(self, method, path, body=None, timeout=15):
        # A redirect would carry the task to somebody else.
        response = self.session.request(
            method, f"{self.url}/api/v1/{path}", json=body, timeout=timeout, allow_redirects=False)
        try:
            answer = response.json()
        except ValueError:
            raise Refused(f"what answers is no federation server: status {response.status_code}") from None
        if response.status_code != 200 or not isinstance(answer, dict) or answer.get("success") is False:
            error = answer.get("error") if isinstance(answer, dict) else None
            reason = error.get("message") if isinstance(error, dict) else error
            again = response.headers.get("Retry-After")
            raise Refused((reason or f"status {response.status_code}") + (f"; again in {again} s" if again else ""))
        return answer


def main():
    parser = argparse.ArgumentParser(description="Calls a federation server over HTTP.")
    parser.add_argument("url")
    parser.add_argument("--key", metavar="PEM", help="the private key that signs tasks")
    parser.add_argument("--server-key", metavar="PEM", help="the public key that answers are signed with")
    parser.add_argument("--api-key-file", metavar="FILE", help="the key of a server that wants to be shown one")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("health")
    commands.add_parser("status").add_argument("lct")
    cancel = commands.add_parser("cancel")
    cancel.add_argument("task")
    cancel.add_argument("--source", metavar="LCT", help="whose task it is, where several have one of that name")
    delegate = commands.add_parser("delegate")
    delegate.add_argument("operation")
    delegate.add_argument("source")
    delegate.add_argument("target")
    delegate.add_argument("--budget", type=float, default=50)
    delegate.add_argument("--timeout", type=int, default=60)
    delegate.add_argument("--parameters", type=json.loads, default={})
    chosen = parser.parse_args()

    def read(path):
        with open(path, "rb") as file:
            return file.read()

    client = FederationClient(
        chosen.url,
        key=load_pem_private_key(read(chosen.key), password=None) if chosen.key else None,
        server_key=load_pem_public_key(read(chosen.server_key)) if chosen.server_key else None,
        api_key=read(chosen.api_key_file).decode().strip() if chosen.api_key_file else None)
    try:
        if chosen.command == "delegate":
            answer = client.delegate(
                chosen.operation, chosen.source, chosen.target, chosen.budget, chosen.parameters, chosen.timeout)
        elif chosen.command == "health":
            answer = client.health()
        elif chosen.command == "status":
            answer = client.status(chosen.lct)
        else:
            answer = client.cancel(chosen.task, chosen.source)
    except (Refused, requests.RequestException) as error:
        sys.exit(f"federation_client.py: {error}")
    print(json.dumps(answer, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
