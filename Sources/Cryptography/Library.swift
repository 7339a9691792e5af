import CSodium

/// Whether the cryptographic library is ready; call once before anything else here.
public func prepareCryptography() -> Bool { csodium_init() == 0 }
