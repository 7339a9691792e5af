/// How much of what clients share one of them may take.
///
/// A client that has none of it finds room as long as there is any. One that has some leaves a quarter of what others
/// have not taken: alone it has three quarters of all, beside others less, and it never takes what is left last.
public enum ClientShare {
    /// Whether there is room for `amount` more of a client that has `own` of it, where `all` clients together have so
    /// much of `limit`.
    public static func hasRoom(for amount: Int = 1, own: Int, all: Int, limit: Int) -> Bool {
        let rest = limit - all - amount
        return rest >= 0 && (own == 0 || own + amount <= 3 * rest)
    }
}
