import Quantities
import Wire

extension TelemetrySample {
    /// Writes the sample as one JSON object.
    public func writeJSON(to json: inout JSONWriter) {
        json.beginObject()
        json.key("board")
        json.beginObject()
        json.member("profile", board.profile)
        json.member("model", board.model)
        json.member("l4t", board.l4t)
        json.endObject()
        writePowerMode(to: &json)
        writeRails(to: &json)
        writeZones(to: &json)
        writeGPU(to: &json)
        json.key("memory")
        json.beginObject()
        json.member("total_bytes", memory.total?.bytes)
        json.member("available_bytes", memory.available?.bytes)
        json.endObject()
        writeThrottle(to: &json)
        writeSources(to: &json)
        json.key("unavailable")
        json.beginArray()
        for entry in unavailable {
            json.beginObject()
            json.member("what", entry.what)
            json.member("reason", entry.reason.rawValue)
            if let by = entry.by { json.member("by", by) }
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private func writePowerMode(to json: inout JSONWriter) {
        json.key("power_mode")
        guard let powerMode else {
            json.null()
            return
        }
        json.beginObject()
        json.member("id", powerMode.identifier)
        json.member("name", powerMode.name)
        json.member("rated_mw", powerMode.rated?.milliwatts)
        json.endObject()
    }

    private func writeRails(to json: inout JSONWriter) {
        json.key("rails")
        json.beginArray()
        for rail in rails {
            json.beginObject()
            json.member("name", rail.name)
            json.member("role", rail.role.rawValue)
            json.member("mv", rail.voltage?.millivolts)
            json.member("ma", rail.current?.milliamperes)
            json.member("uw", rail.power?.microwatts)
            json.member("source", rail.source.rawValue)
            json.endObject()
        }
        json.endArray()
        json.key("total")
        guard let total else {
            json.null()
            return
        }
        json.beginObject()
        json.member("uw", total.power?.microwatts)
        json.member("complete", total.isComplete)
        json.member("rule", total.rule)
        json.member("scope", total.scope.rawValue)
        json.endObject()
    }

    private func writeZones(to json: inout JSONWriter) {
        func write(_ zone: ZoneReading, to json: inout JSONWriter) {
            json.beginObject()
            json.member("name", zone.name)
            json.member("millidegrees", zone.temperature.millidegrees)
            json.endObject()
        }
        json.key("zones")
        json.beginArray()
        for zone in zones { write(zone, to: &json) }
        json.endArray()
        json.key("hottest")
        if let hottest { write(hottest, to: &json) } else { json.null() }
    }

    private func writeGPU(to json: inout JSONWriter) {
        json.key("gpu")
        guard let gpu else {
            json.null()
            return
        }
        json.beginObject()
        json.member("load_permille", gpu.loadPermille)
        json.member("frequency_khz", gpu.frequencyKilohertz)
        json.member("max_khz", gpu.maximumKilohertz)
        json.endObject()
    }

    private func writeThrottle(to json: inout JSONWriter) {
        json.key("throttle")
        json.beginArray()
        for entry in throttle {
            json.beginObject()
            json.member("cause", entry.cause)
            json.member("state", entry.state)
            json.member("max", entry.maximum)
            json.endObject()
        }
        json.endArray()
    }

    private func writeSources(to json: inout JSONWriter) {
        json.key("sources")
        json.beginArray()
        for source in sources {
            json.beginObject()
            json.member("name", source.name)
            json.member("kind", source.kind.name)
            json.member("class", source.evidence.name)
            json.member("register_mj", source.hasRegister ? source.register.energy.millijoules : nil)
            json.endObject()
        }
        json.endArray()
    }
}
