#!/usr/bin/env python3
"""Checks a file of energy proofs with nothing but the board's public key: verify_proofs.py FILE KEY.pem"""
import hashlib, sys
import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

def blake2b(data, purpose=None):  # a hash of one purpose is never that of another
    return hashlib.blake2b(data, digest_size=32, person=bytes() if purpose is None else b"sage-edge\0\0\0\0\0\0" + bytes([purpose])).digest()

def require(condition, message):
    if not condition:
        sys.exit(f"{sys.argv[1]}: not verified: {message}")

def verify(data, key):
    magic, head, pages, checksum = cbor2.loads(data)
    raw, energy, last = key.public_bytes(Encoding.Raw, PublicFormat.Raw), {}, {}
    key_id, domain = blake2b(raw, 1), head[2] + head[3].to_bytes(8, "big")
    require(magic == "sage-edge energy proofs" and head[1] == 1, "not an export of energy proofs")
    require(head[4] == raw, "the file is of another key")
    require(pages, "the file holds no page")
    for place, page in enumerate(pages):
        kind, version, signer, payload, signature = cbor2.loads(page)
        require((kind, version, signer) == (1, 1, key_id), f"page at position {place}: not this key's energy proof")
        signed = cbor2.dumps(["Signature1", {1: -8, 4: key_id, 16: kind, 17: version}, domain, payload])
        try: key.verify(signature, signed)
        except InvalidSignature: require(False, f"page at position {place}: the signature is not valid")
        p = cbor2.loads(payload)  # 2 source, 4 class, 5 epoch, 7 page, 8 boot, 9 and 10 window, 14 and 15 register, 30 hash
        before = last.get(p[2])
        require(p[1] == head[2] and p[9] < p[10] and p[14] <= p[15], f"page at position {place}: it contradicts itself")
        if before:
            q, hashed = before
            require(p[7] == q[7] + 1, f"page at position {place}: page {q[7] + 1} was due, not page {p[7]}")
            require(p[30] == hashed, f"page at position {place}: it does not follow the page before")
            require(p[14] == (q[15] if p[5] == q[5] else 0), f"page at position {place}: the register jumps")
            require(p[8] != q[8] or p[9] == q[10], f"page at position {place}: its window does not begin where the last ended")
        last[p[2]] = p, blake2b(payload, 2)
        energy[p[2], p[4]] = energy.get((p[2], p[4]), 0) + p[15] - p[14]
    require(cbor2.dumps([magic, head, pages, checksum]) == data, "the file was changed outside its pages")
    require(checksum == blake2b(data[:-34]), "the file was changed outside its pages: the checksum does not fit")
    return energy, len(pages)

try:
    energy, count = verify(open(sys.argv[1], "rb").read(), load_pem_public_key(open(sys.argv[2], "rb").read()))
except (cbor2.CBORError, KeyError, TypeError, ValueError, IndexError, EOFError, AttributeError) as error:
    sys.exit(f"not verified: {error!r}")
classes = {1: "metered", 2: "modeled", 3: "declared", 4: "replayed"}
for (source, evidence), millijoules in energy.items():
    print(f"{source} {classes[evidence]} {millijoules / 3_600_000:.6f} Wh")
print(f"verified: {count} pages")
