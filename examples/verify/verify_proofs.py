#!/usr/bin/env python3
"""Checks a file of energy proofs with nothing but the board's public key: verify_proofs.py FILE KEY.pem"""
import cbor2, hashlib, sys, types
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
FIELDS = "federation source kind evidence epoch _ page boot begin end _ _ _ first last rated capacity _ peak work chargeable _ throttle _ samples expected gap _ _ previous".split()
KINDS, CLASSES = "- compute battery solar wind grid nuclear human".split(), "- metered modeled declared replayed".split()
blake2b = lambda data, purpose=b"": hashlib.blake2b(data, digest_size=32, person=purpose).digest()
def faults(p, q, hashed):  # what is wrong with page p (in mW, mJ and ms) after page q of its source; for the first one q is p
    time, drawn, is_word, follows = p.end - p.begin - p.gap, p.last - p.first, p.evidence == 3 and p.expected == 0, p is not q
    rated, most = p.rated * time // 1000, p.peak * time // 1000 + (time > 0)  # 1 mJ for rounding
    rule = rated if is_word else (p.capacity * time // 1000 - drawn + p.work) * (drawn > 0) if p.kind == 1 else min(drawn, rated)
    if any(not 0 < n < 31 or type(v) in (bool, float) or type(v) is int and not 0 <= v < 2**53 for n, v in p.all.items() if n < 64) or p.federation != head[2] or KINDS[p.kind] != p.source.split(":")[0] or p.begin >= p.end or time < 0 or drawn < 0 \
       or p.samples > p.expected or is_word and drawn + p.samples or p.kind == 7 and not (is_word and 50_000 <= p.rated <= 200_000): yield "it contradicts itself"
    if drawn > most or p.work > drawn * (p.kind == 1): yield "more is drawn than its peak allows, or more worked than drawn"
    if p.capacity > p.rated or p.throttle & ~2 and p.capacity > drawn * 1000 // (time or 1): yield "its capacity is above its rating or its mean"
    if p.chargeable != min(max(rule, 0), 2**53 - 1): yield f"{p.chargeable} mJ are chargeable where the rule gives {max(rule, 0)} mJ"
    if follows and p.page != q.page + 1: yield f"page {q.page + 1} was due, not page {p.page}"
    if follows and (p.previous != hashed or p.epoch - q.epoch not in (0, 1) or p.first != (q.last if p.epoch == q.epoch else 0) \
       or p.boot == q.boot and p.begin != q.end) or (p.page == 0) != (p.previous is None): yield "it does not go on where the page before ended"
sys.excepthook = lambda kind, error, trace: sys.stderr.write(f"{sys.argv[1]}: not verified: {globals().get('where', '')}{str(error) or kind.__name__}\n")
(magic, head, pages, checksum), key = cbor2.loads(data := open(sys.argv[1], "rb").read()), load_pem_public_key(open(sys.argv[2], "rb").read())
if not (magic == "sage-edge energy proofs" and pages and checksum == data[-32:] == blake2b(data[:-34])): raise ValueError("the file holds no page of energy proofs, or was changed outside its pages")
before, energy, key_id = {}, {}, blake2b(key.public_bytes(Encoding.Raw, PublicFormat.Raw), b"sage-edge\0\0\0\0\0\0\1")
for place, page in enumerate(pages):
    where, (payload, signature) = f"page at position {place}: ", cbor2.loads(page)[3:]
    key.verify(signature, cbor2.dumps(["Signature1", {1: -8, 4: key_id, 16: 1, 17: 1}, head[2] + head[3].to_bytes(8, "big"), payload]))
    p = types.SimpleNamespace(all=(every := cbor2.loads(payload)), **{name: every.get(number) for number, name in enumerate(FIELDS, 1)})
    for fault in faults(p, *before.get(p.source, (p, None))): raise ValueError(fault)
    before[p.source], energy[p.source, p.evidence] = (p, blake2b(payload, b"sage-edge\0\0\0\0\0\0\2")), energy.get((p.source, p.evidence), 0) + p.last - p.first
print(*(f"{source} {CLASSES[number]} {total / 3_600_000:.6f} Wh" for (source, number), total in energy.items()), f"verified: {len(pages)} pages", sep="\n")
