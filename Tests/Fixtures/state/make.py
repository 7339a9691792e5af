#!/usr/bin/env python3
"""Makes the state folder of a release, by its built program, as its users would come by it.

Usage: make.py PROGRAM FOLDER. FOLDER gets `state` (what the payer's agent leaves when it is stopped) and `shown.json`
(what that program says of it). Only for making a fixture of a release: the tests read what lies here.
"""

import json
import os
import shutil
import sys
import tempfile

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
os.environ["SAGE_EDGE_PROGRAM"] = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.join(PROJECT, "examples", "demo"))

from boards import FRAMES, Board, free_ports, introduce, wait_for  # noqa: E402


def main():
    target = os.path.abspath(sys.argv[2])
    folder = tempfile.mkdtemp(prefix="sage-edge-state-")
    ports = free_ports(2)
    payer = Board("Sprout", os.path.join(folder, "payer"), "orin-nano", ports[0], window=2000)
    worker = Board("Thor", os.path.join(folder, "worker"), "agx-thor", ports[1], window=2000)
    for board in (payer, worker):
        board.configure(replayed_charges=True)
        board.start()
    introduce([payer, worker])
    wait_for("credits", lambda: payer.available() > 5000, 60)
    for frame in ("corridor.pgm", "shapes.pgm"):
        payer.sage("delegate", "perception", "--input", os.path.join(FRAMES, frame), "--to", "Thor", "--timeout", "60")
    payer.sage("delegate", "perception", "--input", os.path.join(FRAMES, "ball.ppm"), "--local")
    wait_for("settled", lambda: not int(payer.sage("status")["ledger"]["locked_mj"]), 60)
    # A task that nobody takes: it is still open when the payer ends.
    worker.stop()
    payer.begin("delegate", "perception", "--input", os.path.join(FRAMES, "ball.ppm"), "--to", "Thor", "--timeout", "3600")
    wait_for("a lock", lambda: int(payer.sage("status")["ledger"]["locked_mj"]), 60)
    shown = {"version": payer.sage("version")["version"]}
    tasks = payer.sage("tasks")["tasks"]
    if payer.stop() != 0:
        sys.exit("the payer did not stop as it should")
    shown["balance"] = payer.sage("ledger", "balance")
    shown["verify"] = payer.sage("ledger", "verify")
    shown["proof"] = payer.sage("proof", "latest")
    shown["key"] = payer.sage("key", "show")
    shown["tasks"] = tasks
    os.makedirs(target, exist_ok=True)
    shutil.copytree(payer.state, os.path.join(target, "state"), ignore=shutil.ignore_patterns("lock", "*.sock"))
    with open(os.path.join(target, "shown.json"), "w", encoding="utf-8") as file:
        json.dump(shown, file, indent=1, sort_keys=True)
        file.write("\n")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
