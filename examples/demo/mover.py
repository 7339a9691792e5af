"""Moves the values of copied captures: rails, temperatures and memory of boards that are not here.

The values are those of captured tegrastats lines of the same kind of board. While an agent's workers
use the processor its board shows the busiest captured line, otherwise the quiet ones in turn.
"""

import glob
import os
import re
import threading

from boards import PROJECT

LINES = os.path.join(PROJECT, "Tests", "Fixtures", "telemetry", "tegrastats")


def replace(path, text):
    """Gives a file a new content all at once, so that no reader sees half of it."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.replace(path + ".new", path)


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def captured_lines(pattern, total):
    """What captured lines show of `total` and the other rails in mW, and of zones in m°C; the quietest first."""
    lines = []
    for path in sorted(glob.glob(os.path.join(LINES, pattern))):
        with open(path, encoding="utf-8") as file:
            for line in file:
                rails = {name: int(power) for name, power in re.findall(r"(V\w+) (\d+)mW/", line)}
                zones = {name: round(float(degrees) * 1000) for name, degrees in re.findall(r"(\w+)@([\d.]+)C", line)}
                if total in rails:
                    lines.append((rails, zones))
    return sorted(lines, key=lambda line: line[0][total])


class Rails:
    """The power monitors and thermal zones of a Jetson's tree."""

    def __init__(self, tree, lines):
        self.lines = lines
        self.turn = 0
        self.channels = {}
        for label in glob.glob(os.path.join(tree, "sys/devices/**/hwmon*/in[1-3]_label"), recursive=True):
            self.channels[read(label)] = label[: -len("in1_label")], label[-len("1_label")]
        self.inputs = {
            read(label): os.path.dirname(label)
            for label in glob.glob(os.path.join(tree, "sys/devices/**/hwmon*/label"), recursive=True)
        }
        self.zones = {
            read(kind).removesuffix("-thermal"): os.path.join(os.path.dirname(kind), "temp")
            for kind in glob.glob(os.path.join(tree, "sys/devices/virtual/thermal/thermal_zone*/type"))
        }

    def show(self, is_busy):
        quiet = self.lines[: max(1, len(self.lines) // 2)]
        rails, zones = self.lines[-1] if is_busy else quiet[self.turn % len(quiet)]
        self.turn += 1
        for name, power in rails.items():
            if name in self.channels:
                folder, channel = self.channels[name]
                millivolts = int(read(f"{folder}in{channel}_input"))
                replace(f"{folder}curr{channel}_input", f"{power * 1000 // millivolts}\n")
            elif name in self.inputs:
                replace(os.path.join(self.inputs[name], "power1_input"), f"{power * 1000}\n")
        for name, millidegrees in zones.items():
            if name in self.zones:
                replace(self.zones[name], f"{millidegrees}\n")


class Cores:
    """The processor sensor of a PC's tree: its package shows what was captured of its cores, in turn."""

    def __init__(self, tree):
        (self.folder,) = glob.glob(os.path.join(tree, "sys/devices/platform/coretemp.0/hwmon/hwmon*"))
        self.values = sorted(read(path) for path in glob.glob(os.path.join(self.folder, "temp[2-9]_input")))
        self.turn = 0

    def show(self, is_busy):
        replace(os.path.join(self.folder, "temp1_input"), (self.values[-1] if is_busy else self.next()) + "\n")

    def next(self):
        self.turn += 1
        return self.values[self.turn % len(self.values)]


def set_memory(board, total_mib, available_mib):
    """What the board's system says of its memory from now on."""
    os.makedirs(os.path.join(board.tree, "proc"), exist_ok=True)
    replace(
        os.path.join(board.tree, "proc", "meminfo"),
        f"MemTotal:       {total_mib * 1024} kB\nMemFree:        {available_mib * 512} kB\n"
        f"MemAvailable:   {available_mib * 1024} kB\n")


class Mover:
    """Moves the values of all boards, twice a second, until it is stopped."""

    def __init__(self, sensors):
        self.sensors = sensors  # board: Rails or Cores
        self.ticks = {}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work, name="mover", daemon=True)
        self.thread.start()

    def work(self):
        while not self.stopping.wait(0.5):
            for board, sensor in self.sensors.items():
                sensor.show(self.has_worked(board))

    def has_worked(self, board):
        """Whether workers of the agent used the processor since the last time."""
        if not board.is_running():
            return False
        try:
            with open(f"/proc/{board.pid}/stat", encoding="ascii") as file:
                # Processor time of children that ended, user and system, in ticks.
                ticks = sum(map(int, file.read().rpartition(")")[2].split()[13:15]))
        except FileNotFoundError:
            return False
        before = self.ticks.get((board, board.pid), ticks)
        self.ticks[(board, board.pid)] = ticks
        return ticks > before

    def stop(self):
        self.stopping.set()
        self.thread.join()
