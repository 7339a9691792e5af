import AgentCore

extension LogEntry.Kind {
    /// The 128-bit id of this kind of event, as `MESSAGE_ID` has it in the journal.
    ///
    /// Drawn once and never used for anything else: people search their journals by it.
    var messageID: String {
        switch self {
        case .started: "e1bc793a181045c5bdebfa8a70547380"
        case .stopping: "01184f4793ce4981a866ae825e8d0922"
        case .stopped: "d3f8ba4391014004a1f242b4487d240d"
        case .configurationReloaded: "e46e49ce6851470bb773f17bd35d318d"
        case .configurationRefused: "ebb08f0778094ea887841929f8948e09"
        case .storeUnusable: "3800b461142542a8bda9b8a208dae3c1"
        case .storeUsable: "d2584a5d7d1d46b0ab9aca3372fdb9d9"
        case .ledgerRefused: "a368b8c937704438b69a4a73edf5e19c"
        case .peerSilent: "b7ebed90a1534677ad466a6bd345f323"
        case .peerAnswers: "8b40cd33ee9647729af133ec27673b92"
        case .peerMoved: "506476dbd8d440b4bd5ab33daf0aeacb"
        case .peerMessageRefused: "21d9bf8cacb9403e9af01f59bc4ebab3"
        case .taskRefused: "57d5ea9ae41a4e94bbe10f77ed9be5bd"
        case .taskUnfunded: "d3f1e3938b234117bda3964d98b909d7"
        case .paymentWithheld: "b658db1db0bc41618482054628a9d312"
        case .paymentMissing: "3af9c4f078314592b857f03b8ef8ce2f"
        case .moneyStopped: "916be2c08c414859b7155909f458850f"
        case .moneyReconciled: "c290ea0a6d3f4ec18e4266ea7bc63428"
        case .receiptRefused: "e6dd35639a2c4347a9448b63c7ebf42c"
        case .creditsExpired: "39efc96236ad49cbae1e36f791edbfdc"
        case .creditsRefused: "94cee53d9f0248bd99e93555cad93377"
        case .creditsDoubtful: "630dbf7b876e4fcc8e929fcb9971358d"
        case .pageFalse: "e5f41d577bb841079f6a388392fdbece"
        case .pageRefused: "fe77c1e7bbb841f18366372df072c591"
        case .sensorFailed: "eaa5e7826b574d23bc40deff80fb3358"
        case .sensorBack: "d5d0ab1a157e4967ae7d19899c860f3d"
        case .executorDied: "8f0c2d1b64a94c57a3f1d2e09b7c6a15"
        case .executorParked: "c4b1e9a27d5f4e0f8a6632d70f19be84"
        case .executorServes: "1d6e83f5b2c74a98957ec40ab35d7f62"
        case .wordBroken: "9f24061d1698476bae98fe33976aae9b"
        case .sourceRefused: "bacbc48b845448ab820038d7de044f47"
        }
    }
}
