import Wire

extension TegrastatsLine {
    /// Writes the object of one input line: what the line says, or `{"line", "error"}`.
    ///
    /// - Parameters:
    ///   - number: the line's number, from 1.
    ///   - bytes: the line without its line end.
    /// - Returns: whether it was a line of tegrastats.
    public static func writeJSON(line number: Int, _ bytes: [UInt8], to json: inout JSONWriter) -> Bool {
        do throws(TegrastatsError) {
            try TegrastatsLine(bytes).writeJSON(line: number, to: &json)
            return true
        } catch {
            json.beginObject()
            json.member("line", number)
            json.member("error", error.explanation)
            json.endObject()
            return false
        }
    }

    /// Writes the line as one JSON object.
    public func writeJSON(line number: Int, to json: inout JSONWriter) {
        json.beginObject()
        json.member("line", number)
        json.member("timestamp", timestamp)
        writeMemory(to: &json)
        writeCores(to: &json)
        TegrastatsLine.write(memoryController, as: "emc", to: &json)
        TegrastatsLine.write(graphics, as: "gr3d", to: &json)
        writeEngines(to: &json)
        json.member("ape_mhz", audioMegahertz)
        json.key("mts_pct")
        if let translation {
            json.beginObject()
            json.member("fg", translation.foreground)
            json.member("bg", translation.background)
            json.endObject()
        } else {
            json.null()
        }
        writeZones(to: &json)
        writeRails(to: &json)
        json.key("ignored")
        json.beginArray()
        for word in ignored { json.string(word) }
        json.endArray()
        json.endObject()
    }

    private func writeMemory(to json: inout JSONWriter) {
        json.key("ram_mb")
        if let memory {
            json.beginObject()
            json.member("used", memory.used)
            json.member("total", memory.total)
            json.endObject()
        } else {
            json.null()
        }
        json.key("lfb")
        if let blocks = largestFreeBlocks {
            json.beginObject()
            json.member("blocks", blocks.blocks)
            json.member("block_size", blocks.blockSize)
            json.member("unit", blocks.unit)
            json.endObject()
        } else {
            json.null()
        }
        json.key("swap_mb")
        if let swap {
            json.beginObject()
            json.member("used", swap.usage.used)
            json.member("total", swap.usage.total)
            json.member("cached", swap.cached)
            json.endObject()
        } else {
            json.null()
        }
        json.key("iram_kb")
        if let chipMemory {
            json.beginObject()
            json.member("used", chipMemory.usage.used)
            json.member("total", chipMemory.usage.total)
            json.member("lfb", chipMemory.largestFreeBlock)
            json.endObject()
        } else {
            json.null()
        }
    }

    private func writeCores(to json: inout JSONWriter) {
        json.key("cpu")
        json.beginArray()
        for (index, core) in cores.enumerated() {
            json.beginObject()
            json.member("core", index)
            json.member("online", core.isOnline)
            json.member("load_pct", core.loadPercent)
            json.member("freq_mhz", core.frequencyMegahertz)
            json.endObject()
        }
        json.endArray()
    }

    private func writeEngines(to json: inout JSONWriter) {
        json.key("engines")
        json.beginObject()
        for engine in engines {
            json.key(engine.name)
            json.beginObject()
            json.member("state", engine.isOn ? "on" : "off")
            TegrastatsLine.writeMembers(of: engine.load, to: &json)
            json.endObject()
        }
        json.endObject()
    }

    private func writeZones(to json: inout JSONWriter) {
        json.key("temps_c")
        json.beginObject()
        for zone in zones {
            json.key(zone.name)
            json.beginObject()
            json.key("cur")
            json.decimal(zone.current)
            json.key("max")
            if let maximum = zone.maximum { json.decimal(maximum) } else { json.null() }
            json.member("valid", zone.isValid)
            json.endObject()
        }
        json.endObject()
    }

    private func writeRails(to json: inout JSONWriter) {
        json.key("rails_mw")
        json.beginObject()
        for rail in rails {
            json.key(rail.name)
            json.beginObject()
            json.member("cur", rail.current)
            json.member("avg", rail.average)
            json.member("max", rail.maximum)
            json.endObject()
        }
        json.endObject()
    }

    private static func write(_ load: Load?, as name: String, to json: inout JSONWriter) {
        json.key(name)
        guard let load else {
            json.null()
            return
        }
        json.beginObject()
        writeMembers(of: load, to: &json)
        json.endObject()
    }

    private static func writeMembers(of load: Load, to json: inout JSONWriter) {
        json.member("load_pct", load.percent)
        json.key("freq_mhz")
        json.beginArray()
        for clock in load.megahertz { json.integer(clock) }
        json.endArray()
    }
}
