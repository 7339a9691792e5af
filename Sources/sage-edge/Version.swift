/// The program's version.
enum Version {
    /// Semantic version of this source tree; packages and manual pages take it from here.
    static let text = "0.1.0"
}
