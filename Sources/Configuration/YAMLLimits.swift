/// Limits of what a YAML file may hold; beyond them it is refused.
public enum YAMLLimits {
    /// Most bytes of one file.
    public static let fileBytes = 262_144
    /// Deepest nesting of lists and mappings.
    public static let depth = 16
    /// Most nodes: texts, lists and mappings together.
    public static let nodes = 16_384
    /// Most bytes of one text.
    public static let textBytes = 65_536
}
