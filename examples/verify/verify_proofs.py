#!/usr/bin/env python3
"""Checks a file of energy proofs with nothing but the board's public key: verify_proofs.py FILE KEY.pem"""
import cbor2, hashlib, sys
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

def blake2b(data, purpose=b""):  # a hash of one purpose is never that of another
    return hashlib.blake2b(data, digest_size=32, person=purpose).digest()

def require(condition, message):
    if not condition:
        raise ValueError(message)

sys.excepthook = lambda kind, error, trace: sys.stderr.write(f"{sys.argv[1]}: not verified: {globals().get('where', '')}{str(error) or kind.__name__}\n")
data, energy, last = open(sys.argv[1], "rb").read(), {}, {}
key = load_pem_public_key(open(sys.argv[2], "rb").read())
magic, head, pages, checksum = cbor2.loads(data)
key_id, domain = blake2b(key.public_bytes(Encoding.Raw, PublicFormat.Raw), b"sage-edge\0\0\0\0\0\0\1"), head[2] + head[3].to_bytes(8, "big")
require(magic == "sage-edge energy proofs" and pages, "the file holds no page of energy proofs")
require(checksum == data[-32:] == blake2b(data[:-34]), "the file was changed outside its pages")
for place, page in enumerate(pages):
    where, (payload, signature) = f"page at position {place}: ", cbor2.loads(page)[3:]
    key.verify(signature, cbor2.dumps(["Signature1", {1: -8, 4: key_id, 16: 1, 17: 1}, domain, payload]))  # raises InvalidSignature
    p = cbor2.loads(payload)  # 1 federation, 2 source, 4 class, 5 epoch, 7 page, 8 boot, 9 and 10 window, 14 and 15 register, 30 hash
    q, hashed = last.get(p[2], (p, None))  # the page before, of the same source; the first has none
    require(p[1] == head[2] and p[9] < p[10] and p[14] <= p[15], "it contradicts itself")
    require(p is q or p[7] == q[7] + 1, f"page {q[7] + 1} was due, not page {p[7]}")
    require(p is q or p[30] == hashed, "it does not follow the page before")
    require(p is q or p[14] == (q[15] if p[5] == q[5] else 0), "the register jumps")
    require(p is q or p[8] != q[8] or p[9] == q[10], "its window does not begin where the last ended")
    last[p[2]] = p, blake2b(payload, b"sage-edge\0\0\0\0\0\0\2")
    energy[p[2], p[4]] = energy.get((p[2], p[4]), 0) + p[15] - p[14]
classes = {1: "metered", 2: "modeled", 3: "declared", 4: "replayed"}
for (source, evidence), millijoules in energy.items():
    print(f"{source} {classes[evidence]} {millijoules / 3_600_000:.6f} Wh")
print(f"verified: {len(pages)} pages")
