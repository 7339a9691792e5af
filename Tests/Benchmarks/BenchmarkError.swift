import Ledger
import Platform
import Store

/// Why a measure could not be taken.
enum BenchmarkError: Error {
    case system(SystemError)
    case store(StoreError)
    case ledger(LedgerError)
    /// A peer's function failed with an error number.
    case peer(String, Int32)
    /// Something else did not do what is measured.
    case failed(String)

    var explanation: String {
        switch self {
        case .system(let error): error.description
        case .store(let error): error.explanation
        case .ledger(let error): error.explanation
        case .peer(let call, let code): call + ": " + Errno(rawValue: code).text
        case .failed(let text): text
        }
    }
}

func system<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(BenchmarkError) -> Value {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
}

func store<Value>(_ body: () throws(StoreError) -> Value) throws(BenchmarkError) -> Value {
    do throws(StoreError) { return try body() } catch { throw .store(error) }
}

func ledger<Value>(_ body: () throws(LedgerError) -> Value) throws(BenchmarkError) -> Value {
    do throws(LedgerError) { return try body() } catch { throw .ledger(error) }
}

/// `value`, which can only be missing where this program is wrong.
func sure<Value>(_ value: Value?, _ what: String) throws(BenchmarkError) -> Value {
    guard let value else { throw .failed("there is no " + what) }
    return value
}
