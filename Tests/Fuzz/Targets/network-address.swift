// The text of addresses: an accepted text names an address whose canonical text names it again.

import Wire

func fuzz(_ input: [UInt8]) {
    guard let address = NetworkAddress(String(decoding: input, as: UTF8.self)) else { return }
    precondition(NetworkAddress(address.text) == address, "an address changed")
    precondition(address.text.utf8.count <= 47, "the text of an address has a longest length")
}
