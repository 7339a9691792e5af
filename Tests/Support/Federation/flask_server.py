#!/usr/bin/env python3
"""A minimal federation server in Flask, to measure an agent beside: the same JSON, an Ed25519 signature verified and one
made, one durable commit of SQLite for each delegation. It executes nothing and keeps no ledger but balances.

Usage: flask_server.py PORT DATABASE CLIENT-KEY-HEX werkzeug|waitress
"""

import base64
import json
import logging
import sqlite3
import sys
import threading
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Flask, jsonify, request

port, database, client, server = int(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3]), sys.argv[4]
KEY = Ed25519PrivateKey.generate()
CLIENT = Ed25519PublicKey.from_public_bytes(client)
FIELDS = ["task_id", "source_lct", "target_lct", "task_type", "operation", "atp_budget", "timeout_seconds",
          "parameters", "created_at"]
app = Flask(__name__)
# One connection for all threads: Werkzeug makes a thread for each request, and opening the database in each would cost
# more than its work.
connection = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
lock = threading.Lock()


def message(fields, dumped):
    text = json.dumps(fields[dumped], sort_keys=True)
    return json.dumps(dict(fields, **{dumped: text}), sort_keys=True).encode("utf-8")


def refuse(status, error):
    return jsonify(success=False, proof=None, error=error), status


def commit(task, cost):
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT INTO tasks VALUES (?, ?, ?)", (task["task_id"], task["source_lct"], cost))
        for account, amount in [(task["source_lct"], -cost), (task["target_lct"], cost)]:
            connection.execute(
                "INSERT INTO accounts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET balance = balance + ?",
                (account, amount, amount))
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@app.route("/health")
def health():
    return jsonify(status="healthy")


@app.route("/api/v1/consciousness/delegate", methods=["POST"])
def delegate():
    body = request.get_json()
    try:
        task = {name: body["task"][name] for name in FIELDS}
        CLIENT.verify(base64.b64decode(body["signature"], validate=True), message(task, "parameters"))
    except (KeyError, TypeError, ValueError):
        return refuse(400, "Invalid task format")
    except InvalidSignature:
        return refuse(401, "Invalid signature")
    cost = min(task["atp_budget"], 5.0)
    try:
        with lock:
            commit(task, cost)
    except sqlite3.IntegrityError:
        return refuse(400, f"Task {task['task_id']} already completed")
    proof = {
        "task_id": task["task_id"], "executor_lct": task["target_lct"], "atp_consumed": cost,
        "execution_time": 0.0, "quality_score": 1.0, "result": {"order": []},
        "created_at": time.time(),
    }
    signature = base64.b64encode(KEY.sign(message(proof, "result"))).decode()
    return jsonify(success=True, proof=proof, signature=signature, error=None)


connection.executescript("""
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE tasks (id TEXT PRIMARY KEY, source TEXT NOT NULL, cost REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE accounts (name TEXT PRIMARY KEY, balance REAL NOT NULL) WITHOUT ROWID;
""")
for name in ["werkzeug", "waitress"]:
    logging.getLogger(name).setLevel(logging.ERROR)
if server == "waitress":
    import waitress
    waitress.serve(app, host="127.0.0.1", port=port, threads=10, connection_limit=100)
else:
    app.run(host="127.0.0.1", port=port, threaded=True)
