import Foundation

extension TaskStream {
    /// The streams that are generated, by what is hard in each.
    public enum Trouble: String, CaseIterable, Sendable {
        case steady, bursts, heat, memory
        case slowLinks = "slow links"
        case outages, drift
        case heavyTails = "heavy tails"
        case falseStatements = "false statements"
        case everything
    }

    /// The stream of `trouble` that `seed` determines.
    public static func generated(_ trouble: Trouble, seed: UInt64) -> TaskStream {
        var random = ExperimentRandom(seed: seed, trouble.hashNumber)
        var stream = TaskStream(
            name: trouble.rawValue, origin: "generated", seed: random.next(), boards: boards(&random))
        let isAll = trouble == .everything
        stream.addTasks(
            isBursty: trouble == .bursts || isAll, isHeavy: trouble == .heavyTails || isAll, &random)
        let end = stream.tasks.last?.at ?? 0
        for place in stream.boards.indices { stream.addForeign(place, until: end, &random) }
        if trouble == .heat || isAll { stream.heatUp() }
        if trouble == .memory || isAll { stream.addHogs(until: end, &random) }
        if trouble == .slowLinks || isAll { stream.slowDown(&random) }
        if trouble == .outages || isAll { stream.addOutages(until: end, &random) }
        if trouble == .drift || isAll { stream.addDrifts(until: end, &random) }
        if trouble == .falseStatements || isAll { stream.misstate(&random) }
        return stream
    }

    /// A small board that asks, and three that could help, in an order of the seed's.
    static func boards(_ random: inout ExperimentRandom) -> [BoardModel] {
        func varied(_ time: Double, _ power: Double) -> Effort {
            Effort(time: time * random.number(0.85, 1.15), power: power * random.number(0.9, 1.1))
        }
        let here = BoardModel(
            name: "Sprout", efforts: [varied(120, 7.5), varied(900, 9), varied(4_000, 10)], memory: 3_500)
        var peers = [
            BoardModel(name: "Thor", efforts: [varied(35, 31), varied(180, 22), varied(700, 30)], memory: 60_000),
            BoardModel(name: "Legion", efforts: [varied(20, 170), varied(90, 60), varied(350, 90)], memory: 12_000),
            BoardModel(name: "Acorn", efforts: [varied(160, 5), varied(1_000, 6), varied(4_500, 7)], memory: 2_500),
        ]
        for index in peers.indices {
            peers[index].heartbeatPhase = random.number(0, 5_000)
            peers[index].roundTrip = random.number(2, 12)
            peers[index].rate = random.number(1_500, 8_000)
            peers[index].timeStated = random.number(0.8, 1.25)
            peers[index].energyStated = random.number(0.8, 1.25)
        }
        for index in peers.indices.dropLast() {
            peers.swapAt(index, index + random.index(below: peers.count - index))
        }
        return [here] + peers
    }

    /// Tasks that come one by one, or in bursts of some within a second or two; their content varies, with a heavy tail
    /// or without.
    mutating func addTasks(isBursty: Bool, isHeavy: Bool, _ random: inout ExperimentRandom) {
        var at = 1_000.0
        var left = 0
        for number in 0..<TaskStream.count {
            if isBursty {
                at += left > 0 ? random.exponential(mean: 250) : random.exponential(mean: 16_000)
                left = left > 0 ? left - 1 : 1 + random.index(below: 8)
            } else {
                at += random.exponential(mean: 3_000)
            }
            let kind = random.unit()
            let work: Work = kind < 0.5 ? .features : kind < 0.85 ? .detect : .segment
            let bytes = [5_000.0, 20_000, 57_600][random.index(below: 3)] * random.number(0.9, 1.05)
            let content = isHeavy ? random.pareto(2.2) : random.logNormal(0.35)
            let usual = boards[0].efforts[work.rawValue].time * (0.3 + 0.7 * bytes / 20_480)
            let given = random.unit() < 0.8 ? max(3_000, usual * 8) : max(800, usual * 1.2)
            tasks.append(
                StreamTask(
                    number: number, at: at, work: work, bytes: bytes, content: content, deadline: at + given))
        }
    }

    /// What others send to a peer: now and then a task of a second or so.
    mutating func addForeign(_ place: Int, until end: Double, _ random: inout ExperimentRandom) {
        guard place != 0 else { return }
        var at = 0.0
        while at < end {
            at += random.exponential(mean: 9_000)
            boards[place].foreign.append((at, 200 + random.exponential(mean: 900)))
        }
    }

    private mutating func heatUp() {
        for place in boards.indices {
            boards[place].ambient = 56
            boards[place].heatCapacity = place == 0 ? 8_000 : 5_000
        }
    }

    private mutating func addHogs(until end: Double, _ random: inout ExperimentRandom) {
        for place in boards.indices {
            var at = random.exponential(mean: 200_000)
            while at < end {
                let length = random.number(40_000, 180_000)
                boards[place].hogs.append((at, at + length, boards[place].memory * random.number(0.6, 1)))
                at += length + random.exponential(mean: place == 0 ? 250_000 : 500_000)
            }
        }
    }

    private mutating func slowDown(_ random: inout ExperimentRandom) {
        for place in boards.indices.dropFirst() {
            boards[place].rate = exp(random.number(log(60), log(1_200)))
            boards[place].roundTrip = random.number(10, 80)
        }
    }

    private mutating func addOutages(until end: Double, _ random: inout ExperimentRandom) {
        for place in boards.indices.dropFirst() {
            var at = random.exponential(mean: 1_500_000)
            while at < end {
                let length = random.number(30_000, 400_000)
                boards[place].outages.append((at, at + length))
                at += length + random.exponential(mean: 1_800_000)
            }
        }
    }

    private mutating func addDrifts(until end: Double, _ random: inout ExperimentRandom) {
        for place in boards.indices {
            for work in Work.allCases {
                var at = random.exponential(mean: 5_000_000)
                while at < end {
                    boards[place].drifts.append((at, work.rawValue, exp(random.number(log(0.6), log(1.7)))))
                    at += random.exponential(mean: 5_000_000)
                }
            }
            boards[place].drifts.sort { $0.from < $1.from }
        }
    }

    /// Boards that are better or worse than they say.
    private mutating func misstate(_ random: inout ExperimentRandom) {
        for place in boards.indices {
            boards[place].timeStated = exp(random.number(log(0.4), log(2.5)))
            boards[place].energyStated = exp(random.number(log(0.4), log(2.5)))
        }
    }
}

extension TaskStream.Trouble {
    /// A number that is the same in every process.
    fileprivate var hashNumber: Int { (TaskStream.Trouble.allCases.firstIndex(of: self) ?? 0) + 1 }
}
