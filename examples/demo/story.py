"""The story that `make demo` tells: three boards measure, prove, charge, decide, delegate and settle.

Ends with 0 when everything adds up, and with 1 otherwise. DEMO_KEEP=1 keeps the folder.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import textwrap
import time

import audit
from audit import joules
from boards import FRAMES, PROGRAM, Board, Unexpected, free_ports, introduce, wait_for, wait_for_peers
from mover import Cores, Mover, Rails, captured_lines, set_memory

COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def painted(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


class Teller:
    """Prints the story; every line has the time since its beginning."""

    def __init__(self):
        self.started = time.monotonic()
        self.chapter = 0

    def heading(self, text):
        self.chapter += 1
        print(f"\n{painted(f'{self.chapter}. {text}', 1)}", flush=True)

    def say(self, text, board=None):
        """A paragraph, wrapped to 80 columns; `board` stands in front of it."""
        stamp = f"{time.monotonic() - self.started:5.1f} s  "
        who = f"{board.name:<7} " if board else ""
        lines = textwrap.wrap(text, 80 - len(stamp) - len(who))
        for index, line in enumerate(lines):
            print((stamp + who if index == 0 else " " * len(stamp + who)) + line, flush=True)

    def block(self, text):
        """What a command printed, or a table; only lines that do not fit are wrapped."""
        for line in text.rstrip().splitlines():
            for part in textwrap.wrap(line, 72, drop_whitespace=False, subsequent_indent="  ") or [""]:
                print(" " * 8 + part.rstrip(), flush=True)

    def seconds(self):
        return time.monotonic() - self.started


class Story:
    def __init__(self, folder):
        self.tell = Teller()
        ports = free_ports(3)
        self.sprout = Board("Sprout", os.path.join(folder, "sprout"), "orin-nano", ports[0])
        self.thor = Board("Thor", os.path.join(folder, "thor"), "agx-thor", ports[1])
        self.legion = Board("Legion", os.path.join(folder, "legion"), "pc-rapl-nvme-coretemp", ports[2])
        self.boards = [self.sprout, self.thor, self.legion]
        self.hashes = {}  # frame: hash of its result
        # The PC's capture has no memory figures; these are made up, and the story says so.
        set_memory(self.legion, 65536, 49152)
        self.mover = Mover({
            self.sprout: Rails(self.sprout.tree, captured_lines("orin-nano_l4t-r36*.txt", "VDD_IN")),
            self.thor: Rails(self.thor.tree, captured_lines("agx-thor_*.txt", "VIN")),
            self.legion: Cores(self.legion.tree),
        })

    def run(self):
        self.introduction()
        self.real_rules()
        self.charging()
        self.local()
        self.delegated()
        self.killed()
        self.proofs()
        return self.audit()

    def close(self):
        """Ends every agent; returns those that did not end when asked and had to be killed."""
        self.mover.stop()
        late = []
        for board in self.boards:
            try:
                board.stop()
            except Unexpected as problem:
                late.append(str(problem))
        return late

    def need(self, holds, what):
        if not holds:
            raise Unexpected(what)

    # Chapters

    def introduction(self):
        print(painted("sage-edge: three boards, one machine", 1))
        self.tell.block(
            "Sprout  an Orin Nano 8 GB  \\\n"
            "Thor    an AGX Thor         > real agents, real UDP on 127.0.0.1\n"
            "Legion  a PC               /\n")
        text = textwrap.fill(
            "REPLAYED. No board is measured here. Each agent reads a copy of a captured board whose values move along "
            "captured lines. Readings, proofs and reports carry the class 'replayed', and by default nothing can be "
            "charged from it.", 80)
        print(text.replace("REPLAYED.", painted("REPLAYED.", 33)))

    def page(self, board):
        """The newest energy page of a board."""
        return board.sage("proof", "latest")

    def real_rules(self):
        tell, sprout = self.tell, self.sprout
        tell.heading("Rails are read and energy is proven; by default a recording charges nothing")
        sprout.start()
        sample = wait_for("a sample", lambda: self.sample(sprout))
        rails = ", ".join(f"{rail['name']} {rail['uw'] / 1e6:.2f} W" for rail in sample["rails"])
        tell.say(f"reads {rails} (replayed).", sprout)
        wait_for("the first energy page", lambda: sprout.sage("status")["energy"]["charge_refused"], 20)
        status = sprout.sage("status")
        tell.say(
            f"has proven its first page, but holds {joules(int(status['ledger']['available_mj']))}: "
            f"{status['energy']['charge_refused']}.", sprout)
        self.need(status["ledger"]["available_mj"] == "0", "replayed energy was charged under the default rules")
        self.need(sprout.stop() == 0, "Sprout did not stop as it should")

    def sample(self, board):
        status, output, _ = board.attempt("telemetry", "--json")
        return json.loads(output) if status == 0 else None

    def charging(self):
        tell = self.tell
        tell.heading("The demo's society accepts recordings: credits are charged")
        for board in self.boards:
            board.configure(replayed_charges=True)
            board.start()
        introduce(self.boards)
        tell.say("All three know each other: node records exchanged, encrypted sessions up.")
        for board in (self.sprout, self.thor):
            wait_for(f"{board.name} charges", lambda b=board: b.available() > 0, 30)
            self.show_page(board)
        tell.say(
            "cannot charge: its capture has no reading of the whole machine's power (RAPL comes in a later "
            "release). It can check proofs, and work for credits. Its memory figures are made up.", self.legion)
        self.need(self.legion.available() == 0, "Legion holds credits that it cannot have charged")

    def show_page(self, board):
        page = self.page(board)
        drawn = int(page["register_end_mj"]) - int(page["register_start_mj"])
        window = page["window_end_boot_ms"] - page["window_start_boot_ms"]
        self.tell.say(
            f"page {page['page']}: drew {joules(drawn)} in {window / 1000:g} s and could have given "
            f"{joules(int(page['chargeable_mj']))} to work. It holds {joules(board.available())} of credits now.",
            board)
        self.tell.block(f"class {page['class']}; {page['validation_method']}")

    def frame(self, name):
        return os.path.join(FRAMES, name)

    def delegate(self, board, frame, *options):
        return board.sage("delegate", "perception", "--input", self.frame(frame), *options)

    def outcome(self, board, frame, reply):
        self.need(reply["outcome"] == "done", f"{frame}: {reply}")
        self.tell.say(
            f"{frame} ran on {reply['platform']} in {reply['execution_ms']} ms, {joules(int(reply['energy_mj']))} "
            f"({reply['energy_class']}), {joules(int(reply['paid_mj']))} paid.", board)

    def local(self):
        tell, sprout = self.tell, self.sprout
        tell.heading("A frame comes, and there is memory: Sprout runs it itself")
        memory = sprout.sage("status")["board"]["memory_for_tasks_bytes"]
        tell.say(f"has {memory >> 20} MiB free for tasks; a run may take 64.", sprout)
        for frame in ("shapes.pgm", "corridor.pgm"):
            reply = self.delegate(sprout, frame)
            self.outcome(sprout, frame, reply)
            self.need(reply["platform"] == "Sprout", "Sprout had memory and did not run the frame itself")
            self.hashes[frame] = reply["result_hash"]
        tell.say(
            "A run of milliseconds is below what the meter resolves, so its energy is its processor time at the "
            "profile's watts, and says so: modeled.")

    def shorten_memory(self):
        # Sprout keeps 1024 MiB for its system; what is above that is for tasks.
        set_memory(self.sprout, 7620, 1064)
        wait_for(
            "Sprout notices", lambda: self.sprout.sage("status")["board"]["memory_for_tasks_bytes"] < 64 << 20)

    def delegated(self):
        tell, sprout = self.tell, self.sprout
        tell.heading("Another frame, but memory is short: Sprout pays Thor to look at it")
        self.shorten_memory()
        tell.say("sage-edge delegate perception --input shapes.pgm --explain --trial", sprout)
        tell.block(self.delegate(sprout, "shapes.pgm", "--trial")["explanation"])
        for frame in ("shapes.pgm", "moving-1.pgm", "moving-2.pgm"):
            reply = self.delegate(sprout, frame)
            self.outcome(sprout, frame, reply)
            self.need(reply["platform"] == "Thor", "the frame should have gone to Thor")
            same = self.hashes.setdefault(frame, reply["result_hash"]) == reply["result_hash"]
            self.need(same, f"Thor's result for {frame} is not Sprout's")
        tell.say(f"shapes.pgm came out the same on both boards: {self.hashes['shapes.pgm'][:16]}….")
        wait_for("the receipt's answer", lambda: self.settled(self.thor))
        self.show_pair(self.thor)

    def settled(self, worker):
        """Whether nothing is under way between Sprout and `worker`."""
        lane = next(p for p in self.sprout.sage("ledger", "balance")["peers"] if p["peer"] == worker.name)
        back = next(p for p in worker.sage("ledger", "balance")["peers"] if p["peer"] == "Sprout")
        return (
            lane["sent"] == lane["acknowledged"] == back["received"] and int(lane["own_abroad_mj"]) == 0
            and int(back["owed_mj"]) == 0)

    def show_pair(self, worker):
        sent = audit.Books(self.sprout).with_role("payer", worker.name)
        sent = sum(int(task.get("paid_mj", 0)) for task in sent.values())
        received = sum(account["received"] for account in audit.Books(worker).accounts)
        self.tell.say(
            f"Sprout's ledger: {sent} mJ sent to {worker.name}. {worker.name}'s ledger: {received} mJ received.")
        self.need(sent == received, "the two ledgers do not agree")

    def killed(self):
        tell, sprout, thor = self.tell, self.sprout, self.thor
        tell.heading("Thor is killed in the middle of a task")
        errand, task = self.begin_and_freeze("noise.pgm")
        tell.say(f"task {task[:8]}…: {self.state(sprout, task)} at Thor; its worker is held still.", sprout)
        thor.kill()
        tell.say("SIGKILL. No goodbye, nothing flushed.", thor)
        tell.say("has the credits locked and waits. Meanwhile another frame comes:", sprout)
        reply = self.delegate(sprout, "checkerboard.pgm")
        for attempt in reply["attempts"]:
            tell.say(f"{attempt['platform']}: {attempt['reason']}.", sprout)
        self.outcome(sprout, "checkerboard.pgm", reply)
        self.need(reply["platform"] == "Legion", "the frame should have fallen back to Legion")
        thor.start()
        tell.say("runs again, from what its store holds.", thor)
        output, message = errand.communicate(timeout=90)
        self.need(errand.returncode == 0, f"the interrupted task: {message or output}")
        reply = json.loads(output)
        self.need(reply["task"] == task, "another task than the interrupted one was done")
        self.outcome(sprout, "noise.pgm", reply)
        wait_for_peers(sprout, ["Thor"])
        wait_for("the receipt's answer", lambda: self.settled(thor))
        states = [t["state"] for board in (sprout, thor) for t in board.sage("tasks")["tasks"] if t["task"] == task]
        tell.say(f"task {task[:8]}… ended exactly once, on both sides: {' and '.join(states)}.")
        self.need(states == ["posted", "posted"], f"the interrupted task is {states}")
        self.show_pair(thor)

    def begin_and_freeze(self, frame):
        """Delegates `frame`, and stops Thor's worker process the moment it is there: the middle of the task.

        A run takes milliseconds, so one that was over before it could be stopped is tried again.
        """
        for _ in range(10):
            errand = self.sprout.begin("delegate", "perception", "--input", self.frame(frame), "--to", "Thor")
            while errand.poll() is None:
                for worker in self.thor.workers():
                    try:
                        os.kill(worker, signal.SIGSTOP)
                    except ProcessLookupError:
                        continue
                    running = wait_for("the task runs", lambda: self.running_at_thor() or errand.poll() is not None)
                    if errand.poll() is None:
                        return errand, running
            errand.communicate()
        raise Unexpected("no run of Thor's could be caught in its middle")

    def running_at_thor(self):
        for task in self.sprout.sage("tasks")["tasks"]:
            if task["role"] == "payer" and task["state"] in ("accepted", "running"):
                return task["task"]
        return None

    def state(self, board, task):
        return next(t["state"] for t in board.sage("tasks")["tasks"] if t["task"] == task)

    def proofs(self):
        tell, sprout, legion = self.tell, self.sprout, self.legion
        tell.heading("Anybody can check: Legion verifies Sprout's proofs")
        sprout.sage("proof", "export", "sprout.proofs")
        with open(os.path.join(sprout.folder, "sprout.proofs"), "rb") as file:
            content = bytearray(file.read())
        status, key, message = sprout.attempt("key", "export")
        self.need(status == 0, f"no public key: {message}")
        # What Legion's operator gets: the proofs, and Sprout's public key.
        self.give(legion, "sprout.proofs", content)
        self.give(legion, "sprout.pem", key.encode())
        status, output, message = self.verify("sprout.proofs")
        tell.block(output or message)
        self.need(status == 0, "the proofs do not verify")
        middle = len(content) // 2
        content[middle] ^= 1
        self.give(legion, "damaged.proofs", content)
        tell.say(f"The same file with one bit of byte {middle} turned:")
        status, output, message = self.verify("damaged.proofs")
        tell.block(message or output)
        self.need(status == 65, f"a damaged export exits {status}, not 65")

    def give(self, board, name, content):
        with open(os.path.join(board.folder, name), "wb") as file:
            file.write(content)

    def verify(self, name):
        arguments = ("proof", "verify", name, "--key", "sprout.pem")
        self.tell.say("sage-edge " + " ".join(arguments), self.legion)
        return self.legion.attempt(*arguments)

    def audit(self):
        tell = self.tell
        tell.heading("The audit: three ledgers, each by itself and against the others")
        for worker in (self.thor, self.legion):
            wait_for(f"everything with {worker.name} is settled", lambda w=worker: self.settled(w), 30)
        books = [audit.Books(board) for board in self.boards]
        tell.block(audit.table(books))
        result = audit.audit_books(books)
        sprout = books[0]
        for worker in books[1:]:
            tasks = sprout.with_role("payer", worker.name).values()
            paid = [int(task["paid_mj"]) for task in tasks if task["state"] == "posted"]
            tell.say(
                f"Sprout paid {worker.name} {joules(sum(paid))} for what it ran ({len(paid)}); the ledger there "
                f"received {joules(worker.sum('received'))}.")
        for board in self.boards:
            self.need(board.stop() == 0, f"{board.name} did not stop as it should")
            found = audit.verify(result, board)
            if found:
                tell.say(
                    f"ledger verify: {found['lines']} lines of the journal replayed, head {found['hash'][:16]}….",
                    board)
        tell.say(f"{len(result.checks)} checks, {len(result.failed)} failed.")
        return result


def told(folder):
    """Tells the story with its files in `folder`; returns what went wrong."""
    story = None
    try:
        story = Story(folder)
        failed = story.run().failed
    except Unexpected as problem:
        failed = [str(problem)]
    except KeyboardInterrupt:
        failed = ["interrupted"]
    finally:
        late = story.close() if story else []
    return failed + late


def main():
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"demo: no program at {PROGRAM}\n  try: make build")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    folder = tempfile.mkdtemp(prefix="sage-edge-demo-")
    try:
        failed = told(folder)
    finally:
        if os.environ.get("DEMO_KEEP") == "1":
            print(f"\nThe boards' folders stay in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if failed:
        print("\n" + painted("demo: FAILED", 31))
        for sentence in failed:
            print(f"  {sentence}")
        sys.exit(1)
    print(f"\n{painted('demo: everything adds up', 32)}  ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
