// What libFuzzer calls. Each target is this file and one file of Targets/, which says what `fuzz` does.

/// Hands one input to the target.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    fuzz([UInt8](UnsafeBufferPointer(start: start, count: count)))
    return 0
}
