// Fails on one input that has to be searched for. `make fuzz` runs it first: a harness that does not
// find this would not find anything else either.

func fuzz(_ input: [UInt8]) {
    guard input.count >= 4, input[0] == 0x73, input[1] == 0x61, input[2] == 0x67 else { return }
    precondition(input[3] != 0x65, "the canary was found")
}
