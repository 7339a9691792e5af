import Quantities
import Telemetry
import Testing

private func document(_ text: String) throws -> MeterDocument { try MeterDocument(Array(text.utf8)) }

private func error(_ text: String) -> MeterDocumentError? {
    do throws(MeterDocumentError) {
        _ = try MeterDocument(Array(text.utf8))
        return nil
    } catch { return error }
}

@Suite struct `documents of external meters` {
    @Test(
        arguments: [
            (#"{"power_mw": 182400}"#, Power(milliwatts: 182_400), nil),
            (#"{"power_uw":-5}"#, Power(microwatts: -5), nil),
            (#"{"energy_mj": 7}"#, nil, EnergyRegister(microjoules: 7000)),
            (" {\r\n\t\"energy_uj\" : 0 , \"power_mw\" : 0 }\n", .zero, .zero),
            (
                #"{"model": "a \"b\" \\", "ok": true, "t": 21.5e3, "none": null, "power_mw": 1}"#, Power(milliwatts: 1),
                nil
            ),
        ] as [(String, Power?, EnergyRegister?)])
    func `tell power, energy or both, beside whatever else`(
        text: String, power: Power?, counter: EnergyRegister?
    ) throws {
        let read = try document(text)
        #expect(read.power == power)
        #expect(read.counter == counter)
    }

    @Test(arguments: [
        "", "{", "[]", "1", #"{"power_mw":1"#, #"{"power_mw":1}}"#, #"{"power_mw":1,}"#, #"{"power_mw" 1}"#,
        #"{power_mw:1}"#,
        #"{"power_mw":{"a":1}}"#, #"{"power_mw":[1]}"#, #"{"a":yes,"power_mw":1}"#, #"{"a":"b"#, #"{"a":"b\"#,
        "{\"a\":\"\u{1}\",\"power_mw\":1}", #"{"power_mw":}"#, #"{"power_mw":1} {"power_mw":1}"#,
    ])
    func `that are not one flat object are refused`(text: String) { #expect(error(text) == .notOneObject) }

    @Test(arguments: [
        "1.0", "1e3", "+1", "01", "-", "-01", "true", "null", #""1""#, "10000000000001", "-10000000000001",
        "9223372036854775808", "99999999999999999999999", "0x10",
    ])
    func `whose power is no whole number of a meter are refused`(number: String) {
        let text = #"{"power_mw":\#(number)}"#
        #expect(error(text) == (number.hasPrefix("+") ? .notOneObject : .notANumber("power_mw")))
    }

    @Test func `that contradict themselves or say nothing are refused`() {
        #expect(error(#"{"power_mw":1,"power_mw":2}"#) == .twice("power_mw"))
        #expect(error(#"{"power_mw":1,"power_uw":1000}"#) == .twoUnits("power"))
        #expect(error(#"{"energy_mj":1,"energy_uj":1000}"#) == .twoUnits("energy"))
        #expect(error(#"{"energy_mj":-1}"#) == .notANumber("energy_mj"))
        #expect(error("{}") == .nothing)
        #expect(error(#"{"watts":5}"#) == .nothing)
        #expect(error(#"{"a":"\#(String(repeating: "x", count: 5000))"}"#) == .tooLong(bytes: 5008))
        #expect(MeterDocumentError.nothing.explanation.contains("power_mw"))
    }
}
