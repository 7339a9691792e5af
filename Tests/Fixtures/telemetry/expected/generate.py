#!/usr/bin/env python3
"""Writes what `sage-edge telemetry` must print for every capture in this folder.

Written from the output format alone, with regular expressions and dictionaries, so that it shares
neither code nor structure with the parsers that it checks. Numbers of tegrastats are kept as the
tokens that were printed. Run it in place; the results are committed and were compared by eye with
the captures. The standard library is enough.
"""
import os
import re
import json

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)


class Token(str):
    """A number that is written as it was read."""


def dump(value):
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dump(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(v) for v in value) + "]"
    return json.dumps(value)


# tegrastats ---------------------------------------------------------------------------------------

def load(share, clocks):
    clocks = clocks or ""
    return {"load_pct": int(share) if share else None, "freq_mhz": [int(c) for c in re.findall(r"\d+", clocks)]}


LOAD = r"(?:(\d+)%)?(?:@(\d+|\[[\d,]+\]))?"


def tegrastats(number, line):
    out = {"line": number, "timestamp": None, "ram_mb": None, "lfb": None, "swap_mb": None, "iram_kb": None,
           "cpu": [], "emc": None, "gr3d": None, "engines": {}, "ape_mhz": None, "mts_pct": None,
           "temps_c": {}, "rails_mw": {}, "ignored": []}
    rest = " " + re.sub(r"\s+", " ", line.strip()) + " "

    def take(pattern):
        nonlocal rest
        found = re.search(r"(?<= )" + pattern + r"(?= )", rest)
        if found:
            rest = rest[:found.start()] + rest[found.end():]
            rest = re.sub(r" +", " ", rest)
        return found

    if m := take(r"\d\d-\d\d-\d{4} \d\d:\d\d:\d\d"):
        out["timestamp"] = m.group()
    if m := take(r"IRAM (\d+)/(\d+)kB ?\(lfb (\d+)kB\)"):
        out["iram_kb"] = {"used": int(m[1]), "total": int(m[2]), "lfb": int(m[3])}
    if m := take(r"RAM (\d+)/(\d+)MB"):
        out["ram_mb"] = {"used": int(m[1]), "total": int(m[2])}
    if m := take(r"\(lfb (\d+)x(\d+)(MB|kB)\)"):
        out["lfb"] = {"blocks": int(m[1]), "block_size": int(m[2]), "unit": m[3]}
    if m := take(r"SWAP (\d+)/(\d+)MB \(cached (\d+)MB\)"):
        out["swap_mb"] = {"used": int(m[1]), "total": int(m[2]), "cached": int(m[3])}
    if m := take(r"(?:CPU|cpu) \[([^\]]*)\](?:@(\d+))?"):
        for core, text in enumerate(m[1].split(",")):
            if text == "off":
                out["cpu"].append({"core": core, "online": False, "load_pct": None, "freq_mhz": None})
            else:
                share, _, clock = text.partition("%")
                clock = clock.lstrip("@") or m[2]
                out["cpu"].append({"core": core, "online": True, "load_pct": int(share),
                                   "freq_mhz": int(clock) if clock else None})
    if m := take(r"EMC(?:_FREQ)? (?=[\d@])" + LOAD):
        out["emc"] = load(m[1], m[2])
    if m := take(r"GR3D(?:_FREQ)? (?=[\d@])" + LOAD):
        out["gr3d"] = load(m[1], m[2])
    if m := take(r"GR3D2(?:_FREQ)? (?=[\d@])" + LOAD):
        out["gr3d"]["freq_mhz"] += load(m[1], m[2])["freq_mhz"]
    if m := take(r"APE (\d+)"):
        out["ape_mhz"] = int(m[1])
    if m := take(r"MTS fg (\d+)% bg (\d+)%"):
        out["mts_pct"] = {"fg": int(m[1]), "bg": int(m[2])}
    while m := take(r"([A-Za-z]\w*)@(-?[\d.]+)C(?:/(-?[\d.]+)C)?"):
        out["temps_c"][m[1]] = {"cur": Token(m[2]), "max": Token(m[3]) if m[3] else None, "valid": m[2] != "-256"}
    while m := take(r"([A-Za-z]\w*) (-?\d+)(?:mW)?/(-?\d+)(?:mW)?(?:/(-?\d+)(?:mW)?)?"):
        if m[1] == "NC":
            out["ignored"].append("NC")
        else:
            out["rails_mw"][m[1]] = {"cur": int(m[2]), "avg": int(m[3]), "max": int(m[4]) if m[4] else None}
    while m := take(r"([A-Z][A-Z0-9]*)(?:_FREQ)? (?:(off)|(\d+)|(?=[\d@])" + LOAD + ")"):
        if m[2]:
            out["engines"][m[1]] = {"state": "off", "load_pct": None, "freq_mhz": []}
        elif m[3]:
            out["engines"][m[1]] = {"state": "on", "load_pct": None, "freq_mhz": [int(m[3])]}
        else:
            out["engines"][m[1]] = {"state": "on"} | load(m[4], m[5])
    assert rest.strip() == "", (line, rest)
    return out


# trees --------------------------------------------------------------------------------------------

class Tree:
    def __init__(self, board):
        self.top = os.path.join(TOP, "sysfs", board)
        self.errors = {}
        table = os.path.join(self.top, "_errno.tsv")
        if os.path.exists(table):
            for line in open(table):
                if not line.startswith("#"):
                    columns = line.rstrip("\n").split("\t")
                    self.errors[columns[0]] = columns[1]

    def real(self, path):
        """The path with the links, kept as files, replaced by what they lead to."""
        done = []
        todo = path.split("/")
        while todo:
            part = todo.pop(0)
            if part == "..":
                done.pop()
                continue
            done.append(part)
            full = os.path.join(self.top, *done)
            if os.path.isfile(full) and todo:
                done.pop()
                todo = open(full).read().split("/") + todo
        return "/".join(done)

    def exists(self, path):
        return os.path.exists(os.path.join(self.top, self.real(path)))

    def names(self, path):
        full = os.path.join(self.top, self.real(path + "/."), "")
        if not os.path.isdir(full):
            return []
        return sorted(os.listdir(full), key=lambda n: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", n)])

    def read(self, path):
        """(text, None) or (None, reason)."""
        real = self.real(path)
        if real in self.errors:
            return None, self.errors[real]
        full = os.path.join(self.top, real)
        if not os.path.isfile(full):
            return None, "ENOENT"
        text = open(full).read()
        return (text.strip(), None) if text.strip() else (None, "empty")

    def text(self, path):
        return self.read(path)[0]


# What the pages on telemetry say about each captured board.
BOARDS = {
    "orin-nano": dict(
        profile="orin-nano-8gb", totals=[(["VDD_IN"], "module")], modes={"25W": 25000}, gpu="17000000.gpu",
        load="sys/devices/platform/bus@0/17000000.gpu/load",
        roles={"VDD_IN": "total", "VDD_CPU_GPU_CV": "cpu-gpu", "VDD_SOC": "soc"}),
    "agx-orin": dict(
        profile="agx-orin-64gb", totals=[(["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"], "module")],
        modes={"MAXN": 60000}, gpu="17000000.gpu", load="sys/devices/platform/bus@0/17000000.gpu/load",
        roles={"VDD_GPU_SOC": "gpu-soc", "VDD_CPU_CV": "cpu-cv", "VIN_SYS_5V0": "sys5v", "VDDQ_VDD2_1V8AO": "memory"}),
    "agx-thor": dict(
        profile="agx-thor",
        totals=[(["VIN"], "board"), (["VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"], "module-lower-bound")],
        modes={"120W": 120000}, gpu="gpu-gpc-0", load=None,
        roles={"VIN": "total", "VDD_GPU": "gpu", "VDD_CPU_SOC_MSS": "cpu-soc-memory", "VIN_SYS_5V0": "sys5v"}),
    "nano": dict(
        profile="nano", totals=[(["POM_5V_IN"], "module")], modes={"MAXN": 10000}, gpu="57000000.gpu",
        load="sys/devices/gpu.0/load", roles={"POM_5V_IN": "total", "POM_5V_GPU": "gpu", "POM_5V_CPU": "cpu"}),
    "xavier-nx": dict(
        profile="xavier-nx", totals=[(["VDD_IN"], "module")], modes={}, gpu="17000000.gv11b",
        load="sys/devices/gpu.0/load", roles={"VDD_IN": "total", "VDD_CPU_GPU_CV": "cpu-gpu", "VDD_SOC": "soc"}),
    "pc-rapl-nvme-coretemp": dict(
        profile="pc", totals=[(["package-0", "package-10"], "cpu-package")], modes={}, gpu=None, load=None,
        roles={"package-0/core": "cpu", "package-10": "cpu"}),
    "laptop-battery": dict(
        profile="laptop", totals=[(["BAT0", "BAT1"], "battery")], modes={}, gpu=None, load=None, roles={}),
}


def number(tree, path, what, missing):
    text, reason = tree.read(path)
    if reason:
        missing.append({"what": what, "reason": reason})
        return None
    return int(text)


def rails_of(tree, roles, missing):
    chips = []
    for name in tree.names("sys/class/hwmon"):
        path = tree.real("sys/class/hwmon/" + name + "/.")[:-2]
        if tree.text(path + "/name") in ("ina3221", "ina238"):
            chips.append(path)
    for device in tree.names("sys/bus/i2c/drivers/ina3221x"):
        path = tree.real("sys/bus/i2c/drivers/ina3221x/" + device + "/.")[:-2]
        chips += [path + "/" + n for n in tree.names(path) if n.startswith("iio:")]
    rails = []
    for chip in sorted(chips, key=lambda c: re.search(r"/(\d+-\w+)/", c)[1]):
        kind = tree.text(chip + "/name")
        if kind == "ina3221":
            channels = [(tree.text(f"{chip}/in{n}_label"), f"in{n}_input", f"curr{n}_input", f"in{n}_enable")
                        for n in (1, 2, 3)]
            source = "ina3221"
        elif kind == "ina3221x":
            channels = [(tree.text(f"{chip}/rail_name_{n}"), f"in_voltage{n}_input", f"in_current{n}_input", "-")
                        for n in (0, 1, 2)]
            source = "iio"
        else:
            channels = [("VIN", "in1_input", "curr1_input", "-")]
            source = "ina238"
        for label, volts, amperes, enable in channels:
            if label in (None, "NC"):
                continue
            assert tree.text(f"{chip}/{enable}") != "0"
            mv = number(tree, f"{chip}/{volts}", label, missing)
            ma = number(tree, f"{chip}/{amperes}", label, missing)
            if mv is not None and ma is not None:
                rails.append({"name": label, "role": roles.get(label, "other"), "mv": mv, "ma": ma,
                              "uw": mv * ma, "source": source})
    return rails


def counters_of(tree, roles, missing):
    """Energy counters: one look at a counter tells no power."""
    rails = []
    names = {}
    for folder in tree.names("sys/class/powercap"):
        if re.fullmatch(r"intel-rapl(:\w+){1,2}", folder):
            path = "sys/class/powercap/" + folder
            names[folder] = tree.text(path + "/name")
            parent = names.get(folder.rpartition(":")[0])
            name = (parent + "/" if parent else "") + names[folder]
            if number(tree, path + "/energy_uj", name, missing) is not None:
                rails.append({"name": name, "role": roles.get(name, "other"), "mv": None, "ma": None, "uw": None,
                              "source": "rapl"})
    return rails


def batteries_of(tree):
    """Batteries of the machine; each with its identity as a source."""
    found = []
    for name in tree.names("sys/class/power_supply"):
        path = "sys/class/power_supply/" + name + "/"
        if tree.text(path + "type") != "Battery" or tree.text(path + "scope") == "Device":
            continue
        assert tree.text(path + "status") == "Discharging" and tree.text(path + "present") == "1"
        microvolts = int(tree.text(path + "voltage_now"))
        current = tree.text(path + "current_now")
        power = tree.text(path + "power_now")
        milliamperes = abs(int(current)) // 1000 if current else None
        rail = {"name": name, "role": "other", "mv": microvolts // 1000, "ma": milliamperes,
                "uw": int(power) if power else microvolts * abs(int(current)) // 10**6, "source": "power_supply"}
        serial = tree.text(path + "serial_number") or tree.text(path + "model_name")
        found.append((rail, "battery:" + name + ("-" + serial if serial else "")))
    return found


def total_of(rails, totals):
    power = {r["name"]: r["uw"] for r in rails}
    for names, scope in totals:
        known = [power[n] for n in names if n in power]
        if known:
            return {"uw": None if None in known else sum(known), "complete": len(known) == len(names),
                    "rule": "+".join(names), "scope": scope}
    return None


def is_die(zone):
    return re.match(r"(?i)(cpu|gpu|soc|tj|coretemp)", zone)


def chips_of(tree):
    """The whole of a processor and of a drive, where no thermal zone shows them."""
    found = []
    for name in tree.names("sys/class/hwmon"):
        path = tree.real("sys/class/hwmon/" + name + "/.")[:-2]
        if tree.text(path + "/name") in ("coretemp", "nvme"):
            label = tree.text(path + "/temp1_label") or "temp1"
            found.append((path, {"name": tree.text(path + "/name") + ":" + label,
                                 "millidegrees": int(tree.text(path + "/temp1_input"))}))
    return [zone for _, zone in sorted(found, key=lambda f: f[0])]


def sample(board):
    tree = Tree(board)
    facts = BOARDS[board]
    missing = []
    jetson = tree.exists("etc/nv_tegra_release")
    model = tree.text("proc/device-tree/model")
    release = re.match(r"# R(\d+) .*REVISION: ([\d.]+)", tree.text("etc/nv_tegra_release") or "")
    out = {"board": {"profile": facts["profile"], "model": model.rstrip("\0") if model else None,
                     "l4t": f"R{release[1]}.{release[2]}" if release else None}}
    status, reason = tree.read("var/lib/nvpmodel/status")
    out["power_mode"] = None
    if status:
        identifier = int(re.match(r"pmode:(\d+)", status)[1])
        name = re.search(rf"POWER_MODEL ID={identifier} NAME=(\S+)", tree.text("etc/nvpmodel.conf"))[1]
        out["power_mode"] = {"id": identifier, "name": name, "rated_mw": facts["modes"][name]}
    elif jetson:
        missing.append({"what": "power_mode", "reason": reason})
    batteries = batteries_of(tree)
    out["rails"] = (rails_of(tree, facts["roles"], missing) + counters_of(tree, facts["roles"], missing)
                    + [rail for rail, _ in batteries])
    out["total"] = total_of(out["rails"], facts["totals"])
    if out["total"] is None:
        missing.append({"what": "total", "reason": "ENOENT" if facts["totals"] else "not-supported"})

    zones = []
    for name in tree.names("sys/class/thermal"):
        if name.startswith("thermal_zone"):
            kind = tree.text(f"sys/class/thermal/{name}/type")
            value = number(tree, f"sys/class/thermal/{name}/temp", kind, missing)
            if value is not None:
                zones.append({"name": kind, "millidegrees": value})
    if not any(is_die(z["name"]) for z in zones):
        zones += chips_of(tree)
    if not zones:
        missing.append({"what": "zones", "reason": "ENOENT"})
    candidates = [z for z in zones if is_die(z["name"])] or zones
    out["zones"] = zones
    out["hottest"] = max(candidates, key=lambda z: z["millidegrees"]) if candidates else None

    out["gpu"] = None
    if facts["gpu"]:
        clock = "sys/class/devfreq/" + facts["gpu"]
        if facts["load"]:
            permille = number(tree, facts["load"], "gpu.load_permille", missing)
        else:
            permille = None
            missing.append({"what": "gpu.load_permille", "reason": "not-supported"})
        out["gpu"] = {"load_permille": permille,
                      "frequency_khz": number(tree, clock + "/cur_freq", "gpu.frequency_khz", missing) // 1000,
                      "max_khz": number(tree, clock + "/max_freq", "gpu.max_khz", missing) // 1000}

    memory, reason = tree.read("proc/meminfo")
    if memory:
        amounts = {k: int(v) * 1024 for k, v in re.findall(r"(\w+): +(\d+) kB", memory)}
        out["memory"] = {"total_bytes": amounts["MemTotal"], "available_bytes": amounts["MemAvailable"]}
    else:
        out["memory"] = {"total_bytes": None, "available_bytes": None}
        missing.append({"what": "memory", "reason": reason})

    out["throttle"] = []
    for name in tree.names("sys/class/thermal"):
        kind = tree.text(f"sys/class/thermal/{name}/type") if name.startswith("cooling_device") else None
        if kind and (kind.endswith("-throttle-alert") or kind.startswith("devfreq-gpu-")):
            out["throttle"].append({"cause": kind, "state": int(tree.text(f"sys/class/thermal/{name}/cur_state")),
                                    "max": int(tree.text(f"sys/class/thermal/{name}/max_state"))})
    for name in tree.names("sys/class/hwmon"):
        chip = "sys/class/hwmon/" + name
        if tree.text(chip + "/name") == "soctherm_oc":
            for n in (1, 2, 3):
                out["throttle"].append({"cause": f"over-current:{n}", "state": int(tree.text(f"{chip}/oc{n}_event_cnt")),
                                        "max": None})
    out["sources"] = [{"name": "compute:" + facts["profile"], "kind": "compute", "class": "replayed",
                       "register_mj": 0}] if out["total"] else []
    out["sources"] += [{"name": name, "kind": "battery", "class": "replayed", "register_mj": 0}
                       for _, name in batteries]
    out["unavailable"] = missing
    return out


def main():
    for name in sorted(os.listdir(os.path.join(TOP, "tegrastats"))):
        if name.endswith(".txt"):
            lines = open(os.path.join(TOP, "tegrastats", name)).read().splitlines()
            with open(os.path.join(HERE, "tegrastats", name[:-4] + ".jsonl"), "w") as out:
                for number_, line in enumerate(lines, 1):
                    out.write(dump(tegrastats(number_, line)) + "\n")
    for board in BOARDS:
        with open(os.path.join(HERE, "sysfs", board + ".json"), "w") as out:
            out.write(dump(sample(board)) + "\n")


if __name__ == "__main__":
    main()
