#!/usr/bin/env python3
"""perception.detect for sage-edge: objects in a picture, found by a model of yours.

A worker as docs/workers.md describes it. It needs numpy, one of onnxruntime and opencv-python-headless (all from
PyPI), and a model in ONNX that takes 1 x 3 x S x S (RGB, 0 to 1) and gives 1 x (4 + classes) x N, as YOLOv8 and later
are exported by default:

    python3 -m venv /opt/detect && /opt/detect/bin/pip install numpy onnxruntime

    executors:
      external:
        - operation: perception.detect
          command: [/opt/detect/bin/python3, /opt/detect/detect.py]
          environment: [MODEL=/opt/detect/model.onnx, LABELS=/opt/detect/labels.txt]
          memory_mib: 1024

Input is a PGM (P5) or PPM (P6) picture; where OpenCV is there, whatever it decodes. Parameters are
{"threshold": 0.25, "overlap": 0.45}, both optional. The result is
{"width": W, "height": H, "objects": [{"class": N, "label": TEXT, "score": 0.91, "box": [x, y, width, height]}]}.

    detect.py --check       says what is missing
    detect.py --self-test   tries the protocol and the decoder of pictures, without any model
"""

import importlib
import json
import os
import sys


class BadInput(Exception):
    """The picture or the parameters cannot be used."""


def serve(work, lines, write):
    """Answers every task in `lines` by what `work(payload, parameters)` gives."""
    write({"ready": True})
    for line in lines:
        task = json.loads(line)
        answer = {"id": task["id"]}
        try:
            payload = os.pread(task["input"]["descriptor"], task["input"]["bytes"], 0)
            answer["result"] = work(payload, task.get("parameters", {}))
        except BadInput as error:
            answer["error"] = {"code": "bad_input", "message": str(error)}
        except Exception as error:  # what a library does not take is this task's failure, not the worker's end
            answer["error"] = {"message": f"{type(error).__name__}: {error}"}
        write(answer)


def write_line(message):
    sys.stdout.write(json.dumps(message, allow_nan=False) + "\n")
    sys.stdout.flush()


def netpbm(data):
    """(width, height, channels, bytes of the pixels) of a binary PGM or PPM of at most 256 levels."""
    channels = {b"P5": 1, b"P6": 3}.get(data[:2])
    if channels is None:
        raise BadInput("not a PGM (P5) or PPM (P6) picture")
    fields, at = [], 2
    while len(fields) < 3:
        start = at
        while at < len(data) and (data[at : at + 1].isspace() or data[at : at + 1] == b"#"):
            if data[at : at + 1] == b"#":
                at = data.find(b"\n", at) % (len(data) + 1)
            else:
                at += 1
        word = at
        while at < len(data) and data[at : at + 1].isdigit() and at - word < 6:
            at += 1
        if word == start or word == at:
            raise BadInput("the picture's header is not one")
        fields.append(int(data[word:at]))
    width, height, levels = fields
    pixels = data[at + 1 :]
    if not (0 < levels < 256 and width > 0 and height > 0 and len(pixels) == width * height * channels):
        raise BadInput("the picture's size does not fit its header")
    return width, height, channels, pixels


class Detector:
    """A model, and what turns pictures into its input and its output into objects."""

    def __init__(self, model, labels):
        self.numpy = importlib.import_module("numpy")
        try:
            self.opencv = importlib.import_module("cv2")
        except ImportError:
            self.opencv = None
        self.labels = labels
        try:
            runtime = importlib.import_module("onnxruntime")
            session = runtime.InferenceSession(model, providers=runtime.get_available_providers())
            entry = session.get_inputs()[0]
            size = entry.shape[2]
            self.run = lambda tensor: session.run(None, {entry.name: tensor})[0]
        except ImportError:
            network = self.opencv.dnn.readNetFromONNX(model)
            size = None

            def run(tensor):
                network.setInput(tensor)
                return network.forward()

            self.run = run
        self.size = size if isinstance(size, int) else int(os.environ.get("SIZE", "640"))

    def picture(self, data):
        """The picture as height x width x 3, RGB."""
        np = self.numpy
        if self.opencv is not None and data[:2] not in (b"P5", b"P6"):
            found = self.opencv.imdecode(np.frombuffer(data, np.uint8), self.opencv.IMREAD_COLOR)
            if found is None:
                raise BadInput("not a picture that OpenCV decodes")
            return found[:, :, ::-1]
        width, height, channels, pixels = netpbm(data)
        found = np.frombuffer(pixels, np.uint8).reshape(height, width, channels)
        return np.repeat(found, 3, axis=2) if channels == 1 else found

    def tensor(self, picture):
        """The picture made as large as the model's input, its longer side filling it; and by how much."""
        np = self.numpy
        height, width = picture.shape[:2]
        scale = self.size / max(height, width)
        rows = np.minimum((np.arange(int(height * scale)) / scale).astype(int), height - 1)
        columns = np.minimum((np.arange(int(width * scale)) / scale).astype(int), width - 1)
        square = np.full((self.size, self.size, 3), 114, np.uint8)
        square[: len(rows), : len(columns)] = picture[rows][:, columns]
        return (square.transpose(2, 0, 1)[None] / 255.0).astype(np.float32), scale

    def __call__(self, data, parameters):
        np = self.numpy
        limits = {"threshold": 0.25, "overlap": 0.45}
        if not isinstance(parameters, dict) or not set(parameters) <= set(limits):
            raise BadInput("parameters are threshold and overlap")
        limits.update(parameters)
        if not all(isinstance(value, (int, float)) and 0 <= value <= 1 for value in limits.values()):
            raise BadInput("threshold and overlap are numbers from 0 to 1")
        picture = self.picture(data)
        tensor, scale = self.tensor(picture)
        rows = np.asarray(self.run(tensor))[0].T
        classes = rows[:, 4:].argmax(axis=1)
        scores = rows[:, 4:].max(axis=1)
        likely = np.nonzero(scores >= limits["threshold"])[0]
        objects, kept = [], []
        for index in likely[np.argsort(-scores[likely], kind="stable")]:
            x, y, width, height = (float(side) / scale for side in rows[index, :4])
            box = (x - width / 2, y - height / 2, width, height)
            kind = int(classes[index])
            if any(kind == other and overlap(box, seen) > limits["overlap"] for other, seen in kept):
                continue
            kept.append((kind, box))
            label = self.labels[kind] if kind < len(self.labels) else str(kind)
            objects.append(
                {
                    "class": kind,
                    "label": label,
                    "score": round(float(scores[index]), 4),
                    "box": [round(side, 1) for side in box],
                }
            )
            if len(objects) == 100:
                break
        return {"width": picture.shape[1], "height": picture.shape[0], "objects": objects}


def overlap(first, second):
    """What two boxes share, of what both cover together."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    shared = max(0.0, width) * max(0.0, height)
    whole = first[2] * first[3] + second[2] * second[3] - shared
    return shared / whole if whole > 0 else 0.0


def missing():
    """What has to be there before anything can be detected, one sentence each."""

    def lacks(module):
        return importlib.util.find_spec(module) is None

    found = []
    if lacks("numpy"):
        found.append("numpy is missing: pip install numpy")
    if lacks("onnxruntime") and lacks("cv2"):
        found.append(
            "onnxruntime and OpenCV are missing, one is needed: "
            "pip install onnxruntime, or pip install opencv-python-headless"
        )
    model = os.environ.get("MODEL")
    if not model:
        found.append("MODEL is not set: name a model in ONNX in the executor's environment")
    elif not os.path.isfile(model):
        found.append(f"there is no model {model}")
    labels = os.environ.get("LABELS")
    if labels and not os.path.isfile(labels):
        found.append(f"there is no file of labels {labels}")
    return found


def self_test():
    """Tries what needs no model: the protocol on a real descriptor, the decoder of pictures, the overlap of boxes."""
    payloads = [b"P5 # a comment\n2 1 255\n\x00\xff", b"P6 1 1 255\n\x01\x02\x03", b"P5 9 9 255\n\x00", b"GIF89a", b""]
    descriptor = os.memfd_create("payload")
    answers = []

    def lines():
        for number, payload in enumerate(payloads):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, payload, 0)
            yield json.dumps({"id": str(number), "input": {"descriptor": descriptor, "bytes": len(payload)}})

    serve(lambda data, _: list(netpbm(data)[:3]), lines(), answers.append)
    assert answers[0] == {"ready": True}, answers[0]
    assert [answer["id"] for answer in answers[1:]] == ["0", "1", "2", "3", "4"], answers
    assert [answer.get("result") for answer in answers[1:3]] == [[2, 1, 1], [1, 1, 3]], answers
    assert all(answer["error"]["code"] == "bad_input" for answer in answers[3:]), answers
    assert overlap((0, 0, 2, 2), (1, 0, 2, 2)) == 2 / 6 and overlap((0, 0, 1, 1), (5, 5, 1, 1)) == 0
    print("the protocol and the decoder of pictures work; no model was tried")


def main():
    importlib.import_module("importlib.util")
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    lacking = missing()
    if sys.argv[1:] == ["--check"] and not lacking:
        return print("nothing is missing")
    if lacking:
        # EX_CONFIG; the agent writes the last of standard error into its log.
        print("\n".join("detect: " + sentence for sentence in lacking), file=sys.stderr)
        sys.exit(78)
    labels = []
    if os.environ.get("LABELS"):
        with open(os.environ["LABELS"], encoding="utf-8") as file:
            labels = file.read().splitlines()
    serve(Detector(os.environ["MODEL"], labels), sys.stdin, write_line)


if __name__ == "__main__":
    main()
