extension LogEntry {
    /// The kinds of event that an operator may want to look for; each has an id of its own in the journal.
    public enum Kind: UInt8, CaseIterable, Sendable {
        /// The agent takes commands and datagrams.
        case started = 1
        /// It was asked to end.
        case stopping = 2
        /// It has ended; says what, if anything, could not be finished.
        case stopped = 3
        /// The configuration was read again, and counts.
        case configurationReloaded = 4
        /// The configuration was read again and refused; the one before counts.
        case configurationRefused = 5
        /// The store cannot be used: the agent only measures.
        case storeUnusable = 6
        /// The store can be used again.
        case storeUsable = 7
        /// The ledger refused what this agent wanted of it.
        case ledgerRefused = 8
        /// A peer does not answer.
        case peerSilent = 9
        /// A peer answers again.
        case peerAnswers = 10
        /// A peer has another address.
        case peerMoved = 11
        /// What a peer sent cannot be read, or is not what it should be.
        case peerMessageRefused = 12
        /// A task of a peer is refused.
        case taskRefused = 13
        /// A task of this board could not be paid for in advance.
        case taskUnfunded = 14
        /// A peer is not paid for a task.
        case paymentWithheld = 15
        /// A peer has paid too little, or never answered.
        case paymentMissing = 16
        /// No money moves with a peer.
        case moneyStopped = 17
        /// Money moves with a peer again, after an operator said so.
        case moneyReconciled = 18
        /// A receipt or a return of a peer cannot be taken.
        case receiptRefused = 19
        /// Credits have run out unused.
        case creditsExpired = 20
        /// Credits of another society are not taken, or go back.
        case creditsRefused = 21
        /// Credits of another society stand on energy that was not metered.
        case creditsDoubtful = 22
        /// A peer has signed an energy page that is false.
        case pageFalse = 23
        /// An energy page of this board is not charged from.
        case pageRefused = 24
        /// A source of energy is not registered.
        case sourceRefused = 25
        /// A sensor, or a program that reads one, fails.
        case sensorFailed = 26
        /// It can be read again.
        case sensorBack = 27
        /// A process of an external executor died, and why.
        case executorDied = 28
        /// An external executor is not started any more for a while, and its operation is not served.
        case executorParked = 29
        /// An external executor serves its operation.
        case executorServes = 30
        /// A peer takes more than it says that its runs take, again and again.
        case wordBroken = 31
    }
}
