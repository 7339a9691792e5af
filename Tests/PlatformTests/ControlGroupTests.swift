import Testing

@testable import Platform

@Suite struct `control groups` {
    @Test(arguments: [
        ("0::/system.slice/sage-edge-workers.service\n", "/system.slice/sage-edge-workers.service"),
        ("4:memory:/a\n1:cpu:/\n0::/b/c\n", "/b/c"), ("0::/\n", "/"), ("4:memory:/a\n", nil), ("", nil),
        ("10::/a\n", nil),
    ])
    func `are found in what the kernel says of a process`(text: String, path: String?) {
        #expect(ControlGroups.path(in: Array(text.utf8)) == path)
    }

    @Test func `are not made where nobody has handed any over`() {
        #expect(ControlGroups.delegated(mount: "/nowhere") == nil)
    }
}
