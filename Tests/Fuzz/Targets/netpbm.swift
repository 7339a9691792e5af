// Frames: whatever is accepted has features, the same each time, that decode again.

import Workers

func fuzz(_ input: [UInt8]) {
    guard let frames = try? FrameInput(netpbm: input) else { return }
    let features = PerceptionFeatures(of: frames)
    let bytes = features.encoded
    precondition(PerceptionFeatures(of: frames).encoded == bytes, "the features of a frame are always the same")
    precondition((try? PerceptionFeatures(decoding: bytes.span)) == features, "features decode to themselves")
}
