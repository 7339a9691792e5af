import Cryptography
import Federation
import Wire

/// What a client's task comes to here: which operation runs, on which input, with which parameters.
struct ClientOrder: Equatable {
    let operation: Federation.Operation
    let input: [UInt8]
    let parameters: [UInt8]

    /// The order of the operation that is called `name`, with the parameters `object`.
    ///
    /// `perception` is `perception.features` unless the member `operation` names another one, likewise `planning`, and
    /// `execution` is the command that the member `operation` or `action` names. A text `input` is the input in base64.
    /// What is left is handed on: in JSON, or for `perception.features` as the frame's size.
    init(_ name: String, _ object: JSONValue) throws(ClientTaskFault) {
        guard let named = Operation(name) else { throw ClientTaskFault("Invalid operation: " + shown(name)) }
        var rest = object.members
        operation = try ClientOrder.operation(named, &rest)
        var input: [UInt8] = []
        if let text = object["input"]?.text {
            guard let bytes = Base64.decode(text) else {
                throw ClientTaskFault("Invalid task format: parameters.input is not base64")
            }
            input = bytes
            rest.removeAll { $0.key == "input" }
        }
        switch operation.name {
        case "perception.features": parameters = ClientOrder.frameSize(object)
        case "planning" where input.isEmpty:
            input = ClientOrder.json(rest)
            parameters = []
        default:
            let isExecution = operation.family == .execution
            parameters = rest.isEmpty || isExecution || operation.name == "planning" ? [] : ClientOrder.json(rest)
        }
        self.input = input
        guard parameters.count <= FederationLimits.maximumParametersLength else {
            throw ClientTaskFault(
                "Invalid task format: parameters have \(parameters.count) bytes besides the input; "
                    + "\(FederationLimits.maximumParametersLength) are the most")
        }
    }

    /// The operation that `named` stands for; takes the members that say it out of `members`.
    private static func operation(
        _ named: Federation.Operation, _ members: inout [JSONValue.Member]
    ) throws(ClientTaskFault) -> Federation.Operation {
        let family = named.family
        guard named.name == family.name else { return named }
        if let index = members.firstIndex(where: { $0.key == "operation" }) {
            let value = members.remove(at: index).value
            guard let chosen = value.text.flatMap({ Operation($0) }), chosen.family == family else {
                throw ClientTaskFault(
                    "Invalid task format: parameters.operation is not the name of an operation of " + family.name)
            }
            return chosen
        }
        switch family {
        case .perception: return Operation("perception.features") ?? named
        case .planning, .delegation: return named
        case .execution:
            guard let index = members.firstIndex(where: { $0.key == "action" }),
                let chosen = members.remove(at: index).value.text.flatMap({ Operation("execution." + $0) })
            else {
                throw ClientTaskFault("Invalid task format: parameters.action is not the name of a command")
            }
            return chosen
        }
    }

    private static func json(_ members: [JSONValue.Member]) -> [UInt8] {
        PythonJSON(.object(members), isCompact: true).bytes
    }

    /// `width` and `height` of bare frames, as the operation takes them; nothing where they are not there.
    private static func frameSize(_ object: JSONValue) -> [UInt8] {
        guard let width = object["width"]?.number.flatMap({ UInt64(exactly: $0) }),
            let height = object["height"]?.number.flatMap({ UInt64(exactly: $0) })
        else { return [] }
        var writer = CBORWriter()
        writer.map(2)
        writer.unsigned(1)
        writer.unsigned(width)
        writer.unsigned(2)
        writer.unsigned(height)
        return writer.bytes
    }
}

/// A foreign word as an answer repeats it.
func shown(_ text: String) -> String {
    let limit = FederationLimits.maximumLCTLength
    guard text.utf8.count > limit else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit / 4))) + "…"
}
