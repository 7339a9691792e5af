#!/usr/bin/env python3
"""perception.features a second time, after docs/perception-features.md and nothing else.

    perception_features.py FRAME...          name, result hash and result of each file, in hexadecimal
    perception_features.py --requests        one answer per line of its input: the result in hexadecimal, or "refused"

A request is `netpbm INPUT` or `raw WIDTH HEIGHT INPUT`, the input in hexadecimal or `-` where it is empty.
Plain and slow on purpose: no shared idea with the program but the definition.
"""
import hashlib
import math
import pathlib
import re
import sys
from fractions import Fraction


class Refused(Exception):
    pass


# ---- frames ---------------------------------------------------------------------------------

SEPARATOR = rb"(?:\s|#[^\n\r]*[\n\r])+"
HEADER = re.compile(rb"P([256])" + (SEPARATOR + rb"([0-9]+)") * 3)


def check_size(width, height):
    if not (1 <= width <= 65535 and 1 <= height <= 65535 and width * height <= 2**24):
        raise Refused


def netpbm_frame(data):
    """The first frame of `data`, and what follows it."""
    header = HEADER.match(data)
    if not header:
        raise Refused
    kind = header.group(1)
    if any(len(header.group(i).lstrip(b"0")) > 8 for i in (2, 3, 4)):
        raise Refused
    width, height, largest = (int(header.group(i)) for i in (2, 3, 4))
    check_size(width, height)
    if not 1 <= largest <= 65535:
        raise Refused
    count = width * height * (3 if kind == b"6" else 1)
    rest = data[header.end():]
    if kind == b"2":
        samples = []
        for _ in range(count):
            token = re.match(rb"\s+([0-9]+)", rest)
            if not token or len(token.group(1).lstrip(b"0")) > 5:
                raise Refused
            samples.append(int(token.group(1)))
            rest = rest[token.end():]
        rest = rest.lstrip(b" \t\n\v\f\r")
    else:
        size = 2 if largest > 255 else 1
        if not re.match(rb"\s", rest) or len(rest) < 1 + count * size:
            raise Refused
        samples = [int.from_bytes(rest[1 + i * size:1 + (i + 1) * size], "big") for i in range(count)]
        rest = rest[1 + count * size:]
    if any(sample > largest for sample in samples):
        raise Refused
    levels = [(sample * 255 + largest // 2) // largest for sample in samples]
    if kind == b"6":
        levels = [(77 * r + 150 * g + 29 * b + 128) >> 8 for r, g, b in zip(*[iter(levels)] * 3)]
    return (width, height, levels), rest


def frames_of(words):
    """The frames of a request, as (previous or None, current)."""
    data = b"" if words[-1] == "-" else bytes.fromhex(words[-1])
    if words[0] == "netpbm":
        frame, rest = netpbm_frame(data)
        found = [frame]
        if rest:
            frame, rest = netpbm_frame(rest)
            found.append(frame)
        if rest:
            raise Refused
    else:
        width, height = int(words[1]), int(words[2])
        check_size(width, height)
        if len(data) not in (width * height, 2 * width * height):
            raise Refused
        found = [(width, height, list(data[i:i + width * height])) for i in range(0, len(data), width * height)]
    if len(found) == 2 and found[0][:2] != found[1][:2]:
        raise Refused
    return (found[0] if len(found) == 2 else None), found[-1]


# ---- figures --------------------------------------------------------------------------------

def percentile(ordered, percent):
    wanted = max(1, -(-percent * len(ordered) // 100))
    return ordered[wanted - 1]


def otsu(levels):
    total, everything = len(levels), sum(levels)
    best, best_score = min(levels), 0
    for level in range(256):
        low = [value for value in levels if value <= level]
        if not low or len(low) == total:
            continue
        score = (total * sum(low) - everything * len(low)) ** 2 // (len(low) * (total - len(low)))
        if score > best_score:
            best, best_score = level, score
    return best


def edges(width, height, levels):
    if width < 3 or height < 3:
        return 0
    at = lambda x, y: levels[y * width + x]
    kernel = [(-1, -1, -1), (-1, 0, -2), (-1, 1, -1), (1, -1, 1), (1, 0, 2), (1, 1, 1)]
    found = 0
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            across = sum(weight * at(x + a, y + b) for a, b, weight in kernel)
            down = sum(weight * at(x + b, y + a) for a, b, weight in kernel)
            found += abs(across) + abs(down) >= 128
    return found * 10000 // ((width - 2) * (height - 2))


def regions(width, height, levels, threshold):
    pitch = 1
    while -(-width // pitch) > 256 or -(-height // pitch) > 256:
        pitch += 1
    columns, rows = -(-width // pitch), -(-height // pitch)
    bright = set()
    for row in range(rows):
        for column in range(columns):
            cell = [
                levels[y * width + x]
                for y in range(row * pitch, min((row + 1) * pitch, height))
                for x in range(column * pitch, min((column + 1) * pitch, width))
            ]
            if Fraction(sum(cell), len(cell)) > threshold:
                bright.add((row, column))
    cells = {(row, column) for row in range(rows) for column in range(columns)}
    are_bright = len(bright) <= len(cells) - len(bright)
    left = bright if are_bright else cells - bright
    covered = len(left) * 10000 // len(cells)
    found = []
    for start in sorted(left):
        if start not in left:
            continue
        region, border = set(), [start]
        while border:
            row, column = border.pop()
            if (row, column) in left:
                left.remove((row, column))
                region.add((row, column))
                border += [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
        found.append(region)
    answer = {1: len(found), 2: are_bright, 3: covered}
    if found:
        largest = max(found, key=len)
        x0, y0 = min(c for _, c in largest) * pitch, min(r for r, _ in largest) * pitch
        x1 = min((max(c for _, c in largest) + 1) * pitch, width)
        y1 = min((max(r for r, _ in largest) + 1) * pitch, height)
        answer[4] = [x0, y0, x1 - x0, y1 - y0, len(largest) * 10000 // len(cells)]
    return answer


def difference_hash(width, height, levels):
    def section(index, sections, side):
        start = index * side // sections
        return range(start, max(start + 1, (index + 1) * side // sections))

    def mean(column, row):
        box = [levels[y * width + x] for y in section(row, 8, height) for x in section(column, 9, width)]
        return Fraction(sum(box), len(box))

    bits = "".join("01"[mean(c, r) < mean(c + 1, r)] for r in range(8) for c in range(8))
    return int(bits, 2)


def features(previous, current):
    width, height, levels = current
    total = len(levels)
    variance = Fraction(sum(v * v for v in levels), total) - Fraction(sum(levels), total) ** 2
    ordered = sorted(levels)
    threshold = otsu(levels)
    answer = {
        1: 1, 2: width, 3: height,
        4: sum(levels) * 1000 // total,
        5: math.isqrt(math.floor(variance * 10**6)),
        6: [percentile(ordered, p) for p in (0, 5, 25, 50, 75, 95, 100)],
        7: threshold,
        8: edges(width, height, levels),
        9: regions(width, height, levels, threshold),
        10: difference_hash(width, height, levels),
    }
    if previous:
        differences = [abs(a - b) for a, b in zip(levels, previous[2])]
        answer[11] = {
            1: sum(differences) * 1000 // total,
            2: sum(d >= 16 for d in differences) * 10000 // total,
        }
    return answer


# ---- encoding -------------------------------------------------------------------------------

def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 2 ** (8 * size):
            return bytes([major << 5 | code]) + value.to_bytes(size, "big")


def encode(value):
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encode, value))
    return head(5, len(value)) + b"".join(encode(key) + encode(value[key]) for key in sorted(value))


def result_hash(result):
    return hashlib.blake2b(result, digest_size=32, person=b"sage-edge" + bytes(6) + b"\x05").hexdigest()


def main():
    if sys.argv[1] == "--requests":
        for line in sys.stdin:
            try:
                print(encode(features(*frames_of(line.split()))).hex())
            except Refused:
                print("refused")
        return
    for path in map(pathlib.Path, sys.argv[1:]):
        result = encode(features(*frames_of(["netpbm", path.read_bytes().hex() or "-"])))
        print(path.name, result_hash(result), result.hex())


if __name__ == "__main__":
    main()
