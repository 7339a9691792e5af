import Quantities

/// A message that waits for a peer, and what is still missing there.
struct OutgoingMessage: Sendable {
    let messageClass: MessageClass
    let number: UInt64
    let bytes: [UInt8]
    /// How often it was begun anew, modulo 256.
    fileprivate(set) var generation: UInt8 = 0
    /// Parts to be sent, one bit each.
    fileprivate var unsent: UInt64
    /// Parts that the peer has not acknowledged, one bit each.
    fileprivate var missing: UInt64
    /// Whether a part of several has been sent.
    fileprivate var isOpen = false

    fileprivate init(_ messageClass: MessageClass, _ number: UInt64, _ bytes: [UInt8]) {
        self.messageClass = messageClass
        self.number = number
        self.bytes = bytes
        missing = OutgoingMessage.mask(parts: OutgoingMessage.partCount(bytes.count))
        unsent = missing
    }

    /// Parts that a message of `count` bytes travels in; at most 64, by the longest message.
    static func partCount(_ count: Int) -> Int {
        max(1, (count + LinkLimits.fragmentLength - 1) / LinkLimits.fragmentLength)
    }

    fileprivate static func mask(parts: Int) -> UInt64 { parts >= 64 ? .max : (1 << UInt64(parts)) - 1 }

    /// Parts of this message.
    var partCount: Int { OutgoingMessage.partCount(bytes.count) }

    /// Where part `index` lies in the message.
    func range(of index: Int) -> Range<Int> {
        let start = index * LinkLimits.fragmentLength
        return start..<min(bytes.count, start + LinkLimits.fragmentLength)
    }
}

/// What waits for one peer: reliable messages until every byte is acknowledged, and the newest heartbeat.
struct SendQueue: Sendable {
    private let messageLimit: Int
    private let byteLimit: Int
    /// Reliable messages by class, oldest first.
    private var classes: [[OutgoingMessage]]
    private var heartbeat: OutgoingMessage?
    private var nextNumber: UInt64 = 0
    private var nextHeartbeat: UInt64 = 0
    /// Reliable messages that wait.
    private(set) var count = 0
    /// Bytes of those messages.
    private(set) var byteCount = 0
    /// Messages of several parts that have begun.
    private var openCount = 0

    /// An empty queue.
    init(limits: LinkLimits) {
        messageLimit = limits.queuedMessagesPerPeer
        byteLimit = limits.queuedBytesPerPeer
        classes = Array(repeating: [], count: MessageClass.allCases.count)
    }

    /// Whether nothing waits.
    var isEmpty: Bool { count == 0 && heartbeat == nil }

    /// Takes a message, or says why not; a heartbeat replaces the one that waits.
    mutating func append(_ bytes: [UInt8], class messageClass: MessageClass) -> Result<MessageNumber, SendRefusal> {
        let limit = messageClass.isReliable ? LinkLimits.messageLength : LinkLimits.heartbeatLength
        guard bytes.count <= limit else { return .failure(.tooLarge(count: bytes.count, limit: limit)) }
        guard messageClass.isReliable else {
            heartbeat = OutgoingMessage(.heartbeat, nextHeartbeat, bytes)
            nextHeartbeat += 1
            return .success(MessageNumber(value: nextHeartbeat - 1))
        }
        let oldest = classes.lazy.compactMap { $0.first?.number }.min() ?? nextNumber
        guard count < LinkLimits.share(of: messageLimit, for: messageClass),
            byteCount + bytes.count <= LinkLimits.share(of: byteLimit, for: messageClass),
            nextNumber - oldest < LinkLimits.messageSpan
        else { return .failure(.queueFull(messages: count, bytes: byteCount)) }
        classes[Int(messageClass.rawValue)].append(OutgoingMessage(messageClass, nextNumber, bytes))
        nextNumber += 1
        count += 1
        byteCount += bytes.count
        return .success(MessageNumber(value: nextNumber - 1))
    }

    /// The most urgent part to send, with `inFlight` datagrams under way.
    ///
    /// Nil when there is none, or when its class has to wait for acknowledgements; `isProbe` lifts that wait.
    func next(inFlight: Int, isProbe: Bool) -> (message: OutgoingMessage, part: MessagePart)? {
        for messageClass in MessageClass.allCases {
            guard isProbe || inFlight < LinkLimits.datagramsInFlight(for: messageClass) else { return nil }
            if messageClass == .heartbeat {
                if let heartbeat {
                    let number = heartbeat.number
                    return (heartbeat, MessagePart(messageClass: .heartbeat, number: number, index: 0, generation: 0))
                }
                continue
            }
            let mayOpen = openCount < LinkLimits.partialMessages(for: messageClass)
            for message in classes[Int(messageClass.rawValue)] where message.unsent != 0 {
                guard mayOpen || message.isOpen || message.partCount == 1 else { continue }
                let part = MessagePart(
                    messageClass: messageClass, number: message.number, index: message.unsent.trailingZeroBitCount,
                    generation: message.generation)
                return (message, part)
            }
        }
        return nil
    }

    /// Notes that the part that `next` gave is on its way; a heartbeat is forgotten with that.
    mutating func markSent(_ part: MessagePart) {
        guard part.messageClass.isReliable else {
            heartbeat = nil
            return
        }
        guard let (row, index) = position(of: part) else { return }
        classes[row][index].unsent &= ~(1 << UInt64(part.index))
        if classes[row][index].partCount > 1, !classes[row][index].isOpen {
            classes[row][index].isOpen = true
            openCount += 1
        }
    }

    /// Has a part sent again, unless it has arrived meanwhile.
    mutating func markLost(_ part: MessagePart) {
        guard let (row, index) = position(of: part), classes[row][index].generation == part.generation else { return }
        classes[row][index].unsent |= classes[row][index].missing & (1 << UInt64(part.index))
    }

    /// Notes that a part has arrived; the message's number if that was the last one missing.
    mutating func markDelivered(_ part: MessagePart) -> MessageNumber? {
        guard let (row, index) = position(of: part), classes[row][index].generation == part.generation else {
            return nil
        }
        classes[row][index].missing &= ~(1 << UInt64(part.index))
        classes[row][index].unsent &= classes[row][index].missing
        guard classes[row][index].missing == 0 else { return nil }
        let message = classes[row].remove(at: index)
        count -= 1
        byteCount -= message.bytes.count
        if message.isOpen { openCount -= 1 }
        return MessageNumber(value: message.number)
    }

    /// Begins the message whose number ends in `low` anew, because the peer has dropped its parts.
    mutating func restart(low: UInt16) {
        for row in classes.indices {
            for index in classes[row].indices
            where UInt16(truncatingIfNeeded: classes[row][index].number) == low && classes[row][index].isOpen {
                restart(row, index)
            }
        }
    }

    /// Begins everything anew, for a new session.
    mutating func restartAll() {
        for row in classes.indices {
            for index in classes[row].indices { restart(row, index) }
        }
    }

    private mutating func restart(_ row: Int, _ index: Int) {
        classes[row][index].missing = OutgoingMessage.mask(parts: classes[row][index].partCount)
        classes[row][index].unsent = classes[row][index].missing
        classes[row][index].generation &+= 1
        if classes[row][index].isOpen {
            classes[row][index].isOpen = false
            openCount -= 1
        }
    }

    /// Where a part's message is, by binary search; nil where it is delivered already.
    private func position(of part: MessagePart) -> (row: Int, index: Int)? {
        guard part.messageClass.isReliable else { return nil }
        let row = Int(part.messageClass.rawValue)
        var low = 0
        var high = classes[row].count
        while low < high {
            let middle = (low + high) / 2
            if classes[row][middle].number < part.number { low = middle + 1 } else { high = middle }
        }
        guard low < classes[row].count, classes[row][low].number == part.number else { return nil }
        return (row, low)
    }
}
