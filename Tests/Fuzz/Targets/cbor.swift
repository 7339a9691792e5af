// The CBOR decoder: whatever it accepts encodes to the same bytes, read as a tree or passed over.

import Wire

func fuzz(_ input: [UInt8]) {
    let value = try? CBORValue(decoding: input.span)
    let skipped: Void? = try? passOver(input)
    precondition((value != nil) == (skipped != nil), "the tree and the skipper disagree")
    if let value { precondition(value.encoded == input, "an accepted input has another encoding") }
    let accepted: Void? = try? readFields(input)
    precondition(accepted == nil || value != nil, "a map was read from what is not CBOR")
}

private func passOver(_ input: [UInt8]) throws(CBORError) {
    var reader = try CBORReader(input.span, limit: .max)
    _ = try reader.skip()
    try reader.finish()
}

private func readFields(_ input: [UInt8]) throws(CBORError) {
    var reader = try CBORReader(input.span, limit: 1024)
    var map = try reader.beginMap()
    try reader.field(1, of: &map)
    _ = try reader.integer()
    if try reader.hasField(2, of: &map) { _ = try reader.text(limit: 16) }
    if try reader.hasField(3, of: &map) { _ = try reader.bytes32() }
    try reader.endMap(&map)
    try reader.finish()
}
