"""Boards as real processes: an agent with its own folder, its own captured board and its own UDP port.

Everything is done with commands that a user has; the only things done behind an agent's back are
signals (SIGKILL, SIGSTOP) and new values in the copied capture.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("SAGE_EDGE_PROGRAM", os.path.join(PROJECT, "build", "sage-edge"))
TREES = os.path.join(PROJECT, "Tests", "Fixtures", "telemetry", "sysfs")
FRAMES = os.path.join(PROJECT, "Tests", "Fixtures", "frames")

CONFIGURATION = """\
federation:
  name: {federation}
  platform: {name}
  lineage: demo
energy:
  supply_joules: 10000
  charge_target_joules: 200
  window_milliseconds: {window}
{policy}telemetry:
  period_milliseconds: {period}
  sysroot: {tree}
link:
  listen: 127.0.0.1:{port}
  advertise: [127.0.0.1:{port}]
http:
  listen: "off"
executors:
  tasks_per_minute: 6000
  perception.features:
    memory_mib: 64
"""

# What a society has to say before a recording charges anything; no real one should.
REPLAYED_CHARGES = "  policy:\n    replayed: 100\n"


class Unexpected(Exception):
    """Something did not come out as it must."""


def free_ports(count):
    """UDP ports of the loopback interface that nobody uses at the moment."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(what, probe, seconds=20.0, every=0.05):
    """The first true answer of `probe`; an error naming `what` where there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Unexpected(f"{what}: not within {seconds:g} s")
        time.sleep(every)


def is_worker(process):
    """Whether a child is the worker program already; before that it is a copy of the agent, which waits for it."""
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return b"worker" in file.read().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False


class Board:
    """One agent with its folder `folder`: `board` is its captured tree, `state` its keys and ledger."""

    def __init__(self, name, folder, capture, port, federation="demo", window=4000, period=500):
        self.name = name
        self.folder = folder
        self.tree = os.path.join(folder, "board")
        self.state = os.path.join(folder, "state")
        self.configuration = os.path.join(folder, "config.yaml")
        self.log = os.path.join(folder, "agent.log")
        self.process = None
        self.values = dict(
            name=name, tree=self.tree, port=port, federation=federation, window=window, period=period, policy="")
        os.makedirs(folder)
        shutil.copytree(os.path.join(TREES, capture), self.tree, symlinks=True)
        self.configure()
        self.sage("key", "generate")

    def configure(self, replayed_charges=False):
        """Writes the configuration; an agent reads it when it starts."""
        self.values["policy"] = REPLAYED_CHARGES if replayed_charges else ""
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(**self.values))

    # Commands

    def command(self, *arguments):
        return [PROGRAM, *arguments, "--state", self.state, "--config", self.configuration]

    def attempt(self, *arguments, seconds=90):
        """Exit status, standard output and standard error of a command."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.folder, capture_output=True, text=True, timeout=seconds, check=False)
        return done.returncode, done.stdout, done.stderr

    def sage(self, *arguments, seconds=90):
        """The JSON object that a command prints; it must succeed."""
        status, output, message = self.attempt(*arguments, "--json", seconds=seconds)
        if status != 0:
            raise Unexpected(f"{self.name}: sage-edge {' '.join(arguments)} exits {status}: {message or output}")
        return json.loads(output)

    def begin(self, *arguments):
        """A command that runs beside us; `outcome` waits for it."""
        return subprocess.Popen(
            self.command(*arguments, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    # The agent

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        """Starts the agent and waits until it answers."""
        with open(self.log, "a", encoding="utf-8") as log:
            # A group of its own: Ctrl-C on the terminal is for whoever runs the story, who stops the agents.
            self.process = subprocess.Popen(self.command("run"), stdout=log, stderr=log, process_group=0)
        wait_for(f"{self.name} answers", self.answers)

    def answers(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8") as log:
                raise Unexpected(f"{self.name} ended with {self.process.returncode}: {log.read()[-500:]}")
        return self.attempt("status", "--json")[0] == 0

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, number=signal.SIGTERM):
        """Ends the agent with a signal and waits until it is gone; returns its exit status."""
        if not self.is_running():
            return None
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Unexpected(f"{self.name} did not end within 10 s of signal {number}") from None

    def kill(self):
        self.stop(signal.SIGKILL)

    def workers(self):
        """The process ids of the agent's perception workers that have begun."""
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
                children = file.read().split()
        except FileNotFoundError:
            return []
        return [int(child) for child in children if is_worker(child)]

    # Peers and credits

    def record(self):
        """The file of this node's record, for others to add."""
        path = os.path.join(self.folder, "node.txt")
        status, output, message = self.attempt("key", "export", "--node")
        if status != 0:
            raise Unexpected(f"{self.name}: no node record: {message}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(output)
        return path

    def available(self):
        return int(self.sage("status")["ledger"]["available_mj"])

    def peer(self, name):
        return next(peer for peer in self.sage("peers", "list")["peers"] if peer["peer"] == name)


def introduce(boards):
    """Makes all of `boards` peers of one another and waits until money may move between any two."""
    records = {board.name: board.record() for board in boards}
    for board in boards:
        for other in boards:
            if other is not board:
                board.sage("peers", "add", records[other.name])
    for board in boards:
        wait_for_peers(board, [other.name for other in boards if other is not board])


def wait_for_peers(board, names, seconds=20):
    """Waits until money may move between `board` and those named, and each says that it can take a task."""

    def ready():
        peers = {peer["peer"]: peer for peer in board.sage("peers", "list")["peers"]}
        return all(
            peers[name]["up"] and peers[name]["money"] == "open" and peers[name]["free_memory_bytes"]
            for name in names)

    wait_for(f"{board.name} hears {' and '.join(names)}", ready, seconds)
