#!/usr/bin/env python3
"""Kills the payer, the worker or both with SIGKILL at random moments of delegations, again and again.

After every round both ledgers must verify, every task must have ended exactly once, and every sum
must be what it was. Usage: kill_loop.py [ROUNDS [SEED]]; ends with 1 at the first thing that is wrong.
"""

import collections
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(PROJECT, "examples", "demo"))

import audit  # noqa: E402
from audit import Books, joules  # noqa: E402
from boards import FRAMES, PROGRAM, Board, Unexpected, free_ports, introduce, wait_for, wait_for_peers  # noqa: E402

OPEN = ("created", "locked", "sent", "accepted", "running", "proven", "unseen")
INPUTS = ("shapes.pgm", "corridor.pgm", "moving-1.pgm", "ball.ppm")


class Loop:
    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        ports = free_ports(2)
        self.payer = Board("Sprout", os.path.join(folder, "payer"), "orin-nano", ports[0])
        self.worker = Board("Thor", os.path.join(folder, "worker"), "agx-thor", ports[1])
        self.boards = [self.payer, self.worker]
        self.ended = {}  # task: (state, paid in mJ), as its payer first told the end of it
        self.recoveries = []
        self.answers = collections.Counter()  # what the clients of killed delegations were told
        self.early = 0  # kills before the client had its answer
        self.killed = {"payer": 0, "worker": 0, "both": 0}

    def start(self):
        for board in self.boards:
            board.configure(replayed_charges=True)
            board.start()
        introduce(self.boards)
        wait_for("the payer has credits", lambda: self.payer.available() > 0, 30)
        times = []
        for _ in range(9):
            began = time.monotonic()
            self.delegation().communicate()
            times.append(time.monotonic() - began)
        # Half as long again as the fastest: what follows the answer is part of it.
        self.span = 1.5 * min(times)
        self.check(wait_for("the first tasks are settled", self.settled))
        if not any(state == "posted" for state, _ in self.ended.values()):
            raise Unexpected("not one delegation went through before the first kill")

    def delegation(self):
        frame = os.path.join(FRAMES, self.random.choice(INPUTS))
        return self.payer.begin("delegate", "perception", "--input", frame, "--to", "Thor", "--timeout", "20")

    def round(self):
        whom = self.random.choice(("payer", "payer", "worker", "worker", "both"))
        victims = {"payer": [self.payer], "worker": [self.worker], "both": self.boards}[whom]
        client = self.delegation()
        time.sleep(self.random.uniform(0, self.span))
        self.early += client.poll() is None
        for victim in victims:
            victim.kill()
        began = time.monotonic()
        for victim in victims:
            victim.start()
        self.answers[self.answer(client)] += 1
        wait_for_peers(self.payer, ["Thor"])
        self.check(wait_for("everything is settled", self.settled, 60))
        self.recoveries.append(time.monotonic() - began)
        self.killed[whom] += 1

    def answer(self, client):
        """What came out of a delegation for whoever asked for it."""
        output, _ = client.communicate(timeout=60)
        if client.returncode == 0:
            return "done"
        if client.returncode == 69:
            return "agent gone"
        try:
            return json.loads(output)["error"]["message"].partition(":")[0]
        except (ValueError, KeyError):
            return f"exit {client.returncode}"

    def settled(self):
        """The two sides' books once nothing is under way between them; None before."""
        books = [Books(board) for board in self.boards]
        for mine, other in (books, reversed(books)):
            lane, back = mine.peers[other.name], other.peers[mine.name]
            if lane["sent"] != lane["acknowledged"] or lane["sent"] != back["received"]:
                return None
            if int(lane["own_abroad_mj"]) or int(lane["owed_mj"]):
                return None
            if any(task["state"] in OPEN for task in mine.tasks):
                return None
            if mine.sum("locked") or mine.sum("reserved"):
                return None
        return books

    def check(self, books):
        """Raises where anything does not add up."""
        paying, working = books
        for task in paying.tasks:
            end = task["state"], int(task.get("paid_mj", 0))
            before = self.ended.setdefault(task["task"], end)
            if before != end:
                raise Unexpected(f"task {task['task']} ended as {before} and again as {end}")
        for task in working.tasks:
            end = task["state"], int(task.get("paid_mj", 0))
            paid = self.ended.get(task["task"])
            if paid is None:
                raise Unexpected(f"the worker knows task {task['task']} ({end}), its payer does not")
            if paid[0] == "posted" and paid != end:
                raise Unexpected(f"task {task['task']}: {paid} for the payer, {end} for the worker")
            if paid[0] != "posted" and end[0] == "posted":
                raise Unexpected(f"task {task['task']}: {paid} for the payer, {end} for the worker")
        result = audit.Audit()
        for each in books:
            audit.audit_one(result, each)
            result.check(f"{each.name}: supply is constant", each.total["supply"] == 10_000_000)
        total = self.paid()
        result.equal("paid by all tasks, sent by the payer", joules(total), joules(paying.sum("sent")))
        result.equal("paid by all tasks, received by the worker", joules(total), joules(working.sum("received")))
        for board in self.boards:
            if board.stop() != 0:
                raise Unexpected(f"{board.name} did not stop as it should")
            audit.verify(result, board)
        if result.failed:
            raise Unexpected("\n  ".join(result.failed))
        for board in self.boards:
            board.start()
        wait_for_peers(self.payer, ["Thor"])

    def paid(self):
        return sum(paid for _, paid in self.ended.values())

    def outcomes(self):
        states = [state for state, _ in self.ended.values()]
        return ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))

    def close(self):
        for board in self.boards:
            if board.process:
                board.process.kill()
                board.process.wait()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"soak: no program at {PROGRAM}\n  try: make build")
    print(f"soak: {rounds} kills, seed {seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="sage-edge-soak-")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    loop = Loop(folder, seed)
    done = 0
    try:
        loop.start()
        print(f"soak: kills fall on the first {loop.span * 1000:.0f} ms of a delegation", flush=True)
        for done in range(1, rounds + 1):
            loop.round()
            if done % 10 == 0:
                print(f"soak: {done} of {rounds}: tasks {loop.outcomes()}; {joules(loop.paid())} paid", flush=True)
    except Unexpected as problem:
        print(f"soak: FAILED in round {done}:\n  {problem}\n  the boards' folders stay in {folder}\n"
              f"  again: make soak COUNT={rounds} SEED={seed}", file=sys.stderr)
        sys.exit(1)
    finally:
        loop.close()
    shutil.rmtree(folder)
    told = ", ".join(f"{count} × {what}" for what, count in loop.answers.most_common())
    print(f"soak: {loop.early} kills before the answer; the clients were told: {told}")
    print(f"soak: {rounds} kills ({', '.join(f'{count} × {whom}' for whom, count in loop.killed.items())}); "
          f"{len(loop.ended)} tasks, each ended once: {loop.outcomes()}; {joules(loop.paid())} paid and received; "
          f"settled again after {statistics.median(loop.recoveries):.1f} s (median), "
          f"{max(loop.recoveries):.1f} s (longest)")


if __name__ == "__main__":
    main()
