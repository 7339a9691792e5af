#!/usr/bin/env python3
"""Draws the test frames beside this file: `python3 generate.py`. Same bytes on every run.

Everything is computed in integers from a small generator, so that the pictures do not depend
on the version of Python.
"""
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent


class Noise:
    """A linear congruential generator (Knuth's MMIX constants)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % bound

    def around(self, value, spread):
        return max(0, min(255, value + self.below(2 * spread + 1) - spread))


def draw(width, height, level):
    return bytes(level(x, y) for y in range(height) for x in range(width))


def pgm(width, height, pixels, comment=""):
    return b"P5\n%s%d %d\n255\n" % (comment.encode(), width, height) + pixels


def shapes(x, y, noise):
    """A bright box, a disc and a wedge on a dark, slightly noisy ground."""
    if 8 <= x < 30 and 10 <= y < 26:
        return noise.around(210, 12)
    if (x - 66) ** 2 + (y - 22) ** 2 <= 15**2:
        return noise.around(180, 12)
    if 40 <= y < 60 and abs(x - 34) <= (y - 40):
        return noise.around(235, 12)
    return noise.around(42, 12)


def corridor(x, y, noise):
    """A corridor in perspective: floor, ceiling, walls, a lit doorway, a person, falling light."""
    dx, dy = x - 64, y - 44
    depth = max(abs(dx) * 48, abs(dy) * 64, 1)
    light = max(20, 150 - depth // 28)
    if abs(dy) * 64 >= abs(dx) * 48:
        base = light + 30 if dy < 0 else light - 15 - (10 if (depth // 300) % 2 else 0)
    else:
        base = light - (18 if (depth // 240) % 2 else 0)
    if abs(dx) < 9 and -10 <= dy < 13:
        base = 225
    if (x - 76) ** 2 + (y - 40) ** 2 <= 5**2 or (71 <= x <= 81 and 45 <= y <= 74):
        base = 28
    return noise.around(max(0, min(255, base)), 5)


def street(x, y, shift, noise):
    """A box that moves to the right by `shift` in front of a banded ground."""
    if 12 + shift <= x < 30 + shift and 24 <= y < 42:
        return noise.around(200, 6)
    return noise.around(70 + 14 * (y // 12), 6)


def colour(x, y, noise):
    """An orange ball on grass under a blue sky."""
    if (x - 22) ** 2 + (y - 20) ** 2 <= 8**2:
        return (noise.around(230, 8), noise.around(120, 8), noise.around(20, 8))
    if y < 16:
        return (90, 140 + y * 3, 220)
    return (40, noise.around(110, 10), 30)


def main():
    noise = Noise(20)
    frames = {
        "shapes.pgm": pgm(96, 64, draw(96, 64, lambda x, y: shapes(x, y, noise))),
        "corridor.pgm": pgm(128, 96, draw(128, 96, lambda x, y: corridor(x, y, noise)), "# a camera's view\n"),
        "gradient.pgm": pgm(64, 48, draw(64, 48, lambda x, y: (x * 255) // 63)),
        "checkerboard.pgm": pgm(48, 48, draw(48, 48, lambda x, y: 255 if (x // 6 + y // 6) % 2 else 0)),
        "noise.pgm": pgm(64, 64, draw(64, 64, lambda x, y: noise.below(256))),
        "uniform.pgm": pgm(16, 16, bytes([77]) * 256),
        "moving-1.pgm": pgm(80, 60, draw(80, 60, lambda x, y: street(x, y, 0, noise))),
        "moving-2.pgm": pgm(80, 60, draw(80, 60, lambda x, y: street(x, y, 7, noise))),
        "wide.pgm": pgm(600, 5, draw(600, 5, lambda x, y: 250 if (x // 40) % 3 == 0 and 1 <= y <= 3 else 8)),
        "ball.ppm": b"P6 # colours\n48\t32\n255\n"
        + b"".join(bytes(colour(x, y, noise)) for y in range(32) for x in range(48)),
        "deep.pgm": b"P5\n32 24\n65535\n"
        + b"".join((x * 2030 + y * 80 + noise.below(600)).to_bytes(2, "big") for y in range(24) for x in range(32)),
        "plain.pgm": b"P2\n# fifteen levels\n24 16\n15\n"
        + b"\n".join(b" ".join(b"%d" % ((x * y) % 16) for x in range(24)) for y in range(16)) + b"\n",
    }
    for name, content in frames.items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
