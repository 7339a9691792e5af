import Configuration
import Platform
import Quantities
import Telemetry
import Wire

extension ConfigurationFiles.LocatedProfile {
    /// Where it comes from, in words.
    var originText: String {
        guard let file else { return "built in" }
        return file + (replacesBuiltIn ? ", in place of the built-in one" : "")
    }

    /// Its file as it is.
    func yaml() throws(Failure) -> [UInt8] {
        if let file { return try readFile(file, limit: YAMLLimits.fileBytes) }
        guard let bytes = HardwareProfileFile.builtInText(profile.name) else {
            throw Failure(.internal, "the built-in profile '\(profile.name)' has no file")
        }
        return bytes
    }

    /// Everything in it, for people.
    var text: String {
        let parts = [headText, railText, modeText, limitText]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var headText: String {
        var table = TextTable()
        table.row("profile", profile.name)
        table.row("board", profile.title)
        if profile.family != profile.name { table.row("shown as", profile.family) }
        table.row("from", originText)
        let conditions = profile.recognition
        let names = conditions.modules.map { "module " + $0 } + conditions.compatible
        if !names.isEmpty { table.row("recognised", "by " + names.joined(separator: " or ")) }
        if let least = conditions.minimumMemory {
            table.row("", "memory of at least " + memorySize(bytes: least.bytes))
        }
        if let most = conditions.maximumMemory { table.row("", "memory of at most " + memorySize(bytes: most.bytes)) }
        if let tables = conditions.firmwareTables { table.row("", tables ? "firmware tables" : "no firmware tables") }
        if let battery = conditions.battery { table.row("", battery ? "a battery of its own" : "no battery") }
        if conditions == HardwareProfile.Recognition() { table.row("recognised", "where no other profile fits") }
        return table.text()
    }

    private var railText: String {
        var text = ""
        if !profile.rails.isEmpty {
            var table = TextTable(header: ["rail", "role", ">step", "chip"])
            for rail in profile.rails {
                table.row([
                    rail.name, rail.role.rawValue, rail.step.map { watts(milliwatts: $0.milliwatts) } ?? "-",
                    rail.chip ?? "-",
                ])
            }
            text = table.text()
        }
        for (index, total) in profile.totals.enumerated() {
            text += (index == 0 ? "total " : "or else ") + "\(total.text) (\(total.scope.rawValue))\n"
        }
        return text + (profile.totals.isEmpty ? "no total: a board of this profile is not metered\n" : "")
    }

    private var modeText: String {
        var table = TextTable(header: ["power mode", ">rated"])
        for mode in profile.powerModes { table.row([mode.name, watts(milliwatts: mode.rated.milliwatts)]) }
        if let rating = profile.moduleRating { table.row(["(module)", watts(milliwatts: rating.milliwatts)]) }
        return profile.powerModes.isEmpty && profile.moduleRating == nil ? "" : table.text()
    }

    private var limitText: String {
        let thermal = profile.thermal
        let priors = profile.priors
        var table = TextTable()
        table.row("capacity falls", "from " + degrees(millidegrees: Int64(thermal.soft.millidegrees)))
        table.row("throttles", "at " + degrees(millidegrees: Int64(thermal.throttle.millidegrees)))
        table.row("on a die", thermal.dieZones.isEmpty ? "unknown" : thermal.dieZones.joined(separator: ", "))
        table.row("kept free", memorySize(bytes: profile.memoryReserve.bytes))
        for (index, path) in profile.gpu.loadPaths.enumerated() { table.row(index == 0 ? "GPU load" : "", path) }
        if !profile.gpu.devfreqNames.isEmpty {
            table.row("GPU clock", profile.gpu.devfreqNames.joined(separator: ", "))
        }
        table.row("idle", watts(milliwatts: priors.idle.milliwatts) + " until it is measured")
        table.row("one core adds", watts(milliwatts: priors.core.milliwatts))
        table.row("the GPU adds", watts(milliwatts: priors.gpu.milliwatts))
        table.row("core speed", decimal(thousandths: priors.corePermille) + " of an Orin Nano's")
        return table.text()
    }
}

extension HardwareProfile {
    /// Writes the members of the profile besides its name and title.
    func write(to json: inout JSONWriter) {
        json.member("family", family)
        json.key("recognise")
        json.beginObject()
        list("modules", recognition.modules, to: &json)
        list("compatible", recognition.compatible, to: &json)
        json.member("minimum_memory_bytes", recognition.minimumMemory?.bytes)
        json.member("maximum_memory_bytes", recognition.maximumMemory?.bytes)
        member("firmware_tables", recognition.firmwareTables, to: &json)
        member("battery", recognition.battery, to: &json)
        json.endObject()
        json.key("rails")
        json.beginArray()
        for rail in rails {
            json.beginObject()
            json.member("name", rail.name)
            json.member("role", rail.role.rawValue)
            json.member("chip", rail.chip)
            json.member("step_mw", rail.step?.milliwatts)
            json.endObject()
        }
        json.endArray()
        json.key("totals")
        json.beginArray()
        for total in totals {
            json.beginObject()
            list("rails", total.rails, to: &json)
            json.member("scope", total.scope.rawValue)
            json.endObject()
        }
        json.endArray()
        json.key("power_modes")
        json.beginArray()
        for mode in powerModes {
            json.beginObject()
            json.member("name", mode.name)
            json.member("rated_mw", mode.rated.milliwatts)
            json.endObject()
        }
        json.endArray()
        json.member("module_rating_mw", moduleRating?.milliwatts)
        writeLimits(to: &json)
    }

    private func writeLimits(to json: inout JSONWriter) {
        json.key("thermal")
        json.beginObject()
        json.member("soft_millidegrees", thermal.soft.millidegrees)
        json.member("throttle_millidegrees", thermal.throttle.millidegrees)
        list("die_zones", thermal.dieZones, to: &json)
        json.endObject()
        json.member("memory_reserve_bytes", memoryReserve.bytes)
        json.key("gpu")
        json.beginObject()
        list("load", gpu.loadPaths, to: &json)
        list("devfreq", gpu.devfreqNames, to: &json)
        json.endObject()
        json.key("priors")
        json.beginObject()
        json.member("idle_mw", priors.idle.milliwatts)
        json.member("core_mw", priors.core.milliwatts)
        json.member("gpu_mw", priors.gpu.milliwatts)
        json.member("core_speed_permille", priors.corePermille)
        json.endObject()
    }

    private func list(_ name: String, _ words: [String], to json: inout JSONWriter) {
        json.key(name)
        json.beginArray()
        for word in words { json.string(word) }
        json.endArray()
    }

    private func member(_ name: String, _ flag: Bool?, to json: inout JSONWriter) {
        json.key(name)
        if let flag { json.boolean(flag) } else { json.null() }
    }
}
