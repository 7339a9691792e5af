#!/usr/bin/env python3
"""Stops the payer, the worker or both with SIGTERM while several delegations are under way, again and again.

Every stop must end with status 0 within its time and leave a ledger that verifies, without one energy page less than was
made before; after the new start every task must end exactly once and every sum must be what it was.
Usage: stop_loop.py [ROUNDS [SEED]]; ends with 1 at the first thing that is wrong.
"""

import os
import random
import shutil
import sys
import tempfile
import time

from kill_loop import Loop

from audit import joules
from boards import PROGRAM, Unexpected, wait_for, wait_for_peers

# Delegations under way at a stop, and the seconds that an agent has for it, of which it takes five at most.
LOAD = 6
STOP_TIME = 8


class Stops(Loop):
    def round(self):
        whom = self.random.choice(("payer", "worker", "both"))
        victims = {"payer": [self.payer], "worker": [self.worker], "both": self.boards}[whom]
        clients = [self.delegation() for _ in range(LOAD)]
        time.sleep(self.random.uniform(0, 2 * self.span))
        pages = {board.name: self.page(board) for board in victims}
        for board in victims:
            began = time.monotonic()
            status = board.stop()
            if status != 0 or time.monotonic() - began > STOP_TIME:
                raise Unexpected(f"{board.name} ended with {status} after {time.monotonic() - began:.1f} s")
            if not board.sage("ledger", "verify")["verified"]:
                raise Unexpected(f"the ledger of {board.name} does not verify after SIGTERM")
            if self.page(board) < pages[board.name]:
                raise Unexpected(f"{board.name} had {pages[board.name]}, and has {self.page(board)} after SIGTERM")
        began = time.monotonic()
        for board in victims:
            board.start()
        for client in clients:
            self.answers[self.answer(client)] += 1
        wait_for_peers(self.payer, ["Thor"])
        self.check(wait_for("everything is settled", self.settled, 60))
        self.recoveries.append(time.monotonic() - began)
        self.killed[whom] += 1

    def page(self, board):
        """The newest energy page: its register's epoch, and its number in it."""
        proofs = board.sage("proof", "list", "--limit", "1")["proofs"]
        return (proofs[0]["epoch"], proofs[0]["page"]) if proofs else (0, -1)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"stops: no program at {PROGRAM}\n  try: make build")
    folder = tempfile.mkdtemp(prefix="sage-edge-stops-")
    loop = Stops(folder, seed)
    done = 0
    try:
        loop.start()
        for done in range(1, rounds + 1):
            loop.round()
    except Unexpected as problem:
        print(f"stops: FAILED in round {done} of seed {seed}:\n  {problem}\n  the boards' folders stay in {folder}",
              file=sys.stderr)
        sys.exit(1)
    finally:
        loop.close()
    shutil.rmtree(folder)
    told = ", ".join(f"{count} × {what}" for what, count in loop.answers.most_common())
    print(f"stops: {rounds} times SIGTERM under {LOAD} delegations; the clients were told: {told}; "
          f"{len(loop.ended)} tasks, each ended once: {loop.outcomes()}; {joules(loop.paid())} paid and received")


if __name__ == "__main__":
    main()
