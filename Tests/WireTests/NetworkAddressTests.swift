import TestKit
import Testing
import Wire

struct NetworkAddressTests {
    /// Text that is canonical (RFC 5952) reads back as itself.
    @Test(arguments: [
        "192.0.2.1:7400", "0.0.0.0:1", "255.255.255.255:65535", "[::]:7400", "[::1]:7400", "[1::]:7400",
        "[2001:db8::1]:443", "[2001:db8::1:0:0:1]:80", "[2001:0:0:1::1]:80", "[2001:db8:0:1:1:1:1:1]:80",
        "[fe80::a:b:c:d]:9", "[1:2:3:4:5:6:7:8]:8", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
        "[0:1::]:5", "[::ffff:0:c000:201]:7", "[64:ff9b::c000:201]:1",
    ])
    func `canonical text reads back as itself`(text: String) throws {
        #expect(try #require(NetworkAddress(text)).text == text)
    }

    /// RFC 5952 §4: other text of the same address is read, and written in the one canonical form.
    @Test(arguments: [
        ("[2001:0db8:0000:0000:0000:0000:0000:0001]:80", "[2001:db8::1]:80"),
        ("[2001:DB8::AbCd]:80", "[2001:db8::abcd]:80"),
        ("[2001:db8:0:0:1:0:0:1]:80", "[2001:db8::1:0:0:1]:80"),
        ("[2001:0:0:1:0:0:0:1]:80", "[2001:0:0:1::1]:80"),
        ("[2001:db8::1:1:1:1:1]:80", "[2001:db8:0:1:1:1:1:1]:80"),
        ("[0:0:0:0:0:0:0:0]:80", "[::]:80"),
        ("[::ffff:c000:201]:80", "192.0.2.1:80"),
        ("[0:0:0:0:0:ffff:c000:201]:80", "192.0.2.1:80"),
    ])
    func `other text of an address is written canonically`(text: String, canonical: String) throws {
        #expect(try #require(NetworkAddress(text)).text == canonical)
    }

    @Test func `a mapped address is the IPv4 address`() {
        #expect(NetworkAddress("[::ffff:c000:201]:80") == NetworkAddress(ipv4: 192, 0, 2, 1, port: 80))
        #expect(NetworkAddress(ipv4: 192, 0, 2, 1, port: 80).isIPv4)
        #expect(NetworkAddress("[::1]:80")?.isIPv4 == false)
        #expect(NetworkAddress(ipv4: 192, 0, 2, 1, port: 80).bits == 0xffff_c000_0201)
    }

    @Test(arguments: [
        "", ":", ":80", "[]:80", "[:]:80", "[::]", "[::]80", "[::]:", "[::]:0", "[::]:65536", "[::]:00080",
        "[::]:+80", "[::]:-1", "[::]:80 ", " [::]:80", "[::]:٨٠", "[:::]:80", "[1:::2]:80", "[1::2::3]:80",
        "[1:2:3:4:5:6:7]:80", "[1:2:3:4:5:6:7:8:9]:80", "[1:2:3:4:5:6:7:8::]:80", "[::1:2:3:4:5:6:7:8]:80",
        "[:1:2:3:4:5:6:7]:80", "[1:2:3:4:5:6:7:]:80", "[12345::]:80", "[g::]:80", "[fe80::1%eth0]:80",
        "[::ffff:192.0.2.1]:80", "[[::1]]:80", "::1:80", "[::1:80", "::1]:80", "192.0.2:80", "192.0.2.1.1:80",
        "192.0.2.256:80", "192.0.2.01:80", "192.0.2.:80", ".192.0.2:80", "192.0.2.-1:80", "192.0.2.1", "192.0.2.1:",
        "192.0.2.1:99999", "192.0.2.1:999999999999999999999", "0x7f.0.0.1:80", "2130706433:80", "localhost:80",
        "192.0.2.1:80\0", "192.0.2.1\0:80", "１９２.0.2.1:80", "192.0.2.1:80\n",
    ])
    func `other text is refused`(text: String) {
        #expect(NetworkAddress(text) == nil)
    }

    @Test func `very long text is refused`() {
        #expect(NetworkAddress(String(repeating: "1:", count: 100_000)) == nil)
        #expect(NetworkAddress("[" + String(repeating: "1:", count: 100_000) + ":]:80") == nil)
        #expect(NetworkAddress(String(repeating: "9", count: 100_000) + ":80") == nil)
    }

    @Test func `the text of any address reads back as that address`() {
        var random = SeededRandom(seed: 5952)
        for _ in 0..<2000 {
            // Groups are often zero, so that runs of zeros of every length and place turn up.
            let bits = (0..<8).reduce(UInt128(0)) { bits, _ in
                bits << 16 | (random.oneIn(2) ? 0 : UInt128(random.edgy() & 0xffff))
            }
            let address = NetworkAddress(bits: bits, port: random.number(in: 1...65_535))
            #expect(NetworkAddress(address.text) == address, "\(address.text)")
        }
    }

    @Test func `addresses are ordered by address, then port`() {
        #expect(NetworkAddress(bits: 1, port: 9) < NetworkAddress(bits: 2, port: 1))
        #expect(NetworkAddress(bits: 1, port: 1) < NetworkAddress(bits: 1, port: 9))
        #expect(!(NetworkAddress(bits: 1, port: 9) < NetworkAddress(bits: 1, port: 9)))
    }
}
