/// 情報種別 — every table and folder belongs to one; a test compares this list with the schema (R11.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// 送受信データ: the sets, their boxes and the key of each.
    Sets,
    /// 本人確認の証拠.
    Evidence,
    /// 退職者のアカウント: names and secrets of closed accounts.
    Leavers,
    /// 廃止した事業所の鍵.
    OfficeKeys,
    /// サインインの記録 that serve for hours or days.
    Sessions,
    /// 一方向の受渡し: what a letter opens.
    Handovers,
    /// お知らせ.
    Notices,
    /// 控え: boxes, and keys apart.
    Backups,
    /// 台帳: offices, devices, certificates, rights.
    Registers,
    /// 鍵: working keys and those of the exchange itself.
    Keys,
    /// アクセスの記録.
    AccessRecord,
    /// 消去・保全・廃棄の証明.
    Proofs,
}

/// How something of a kind ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// By an erasure: when its time is over, or earlier by two people.
    ByErasure,
    /// By itself, in the upkeep of the server.
    ByItself,
    /// By a command of its own: rotation of backups, replacement of keys.
    ByCommand,
    /// Not in this version: it is kept as proof.
    Kept,
}

/// What is known about a kind without asking the database.
#[derive(Clone, Copy, Debug)]
pub struct KindFacts {
    /// Which.
    pub kind: Kind,
    /// Stable id, for commands, rows and the log.
    pub id: &'static str,
    /// Tables of the database.
    pub tables: &'static [&'static str],
    /// Folders and files outside of it.
    pub places: &'static [&'static str],
    /// How it ends.
    pub ends: Ends,
    /// Days that a law or this program asks for at least; no rule can be shorter (R11.6, R10.4).
    pub minimum_days: i64,
    /// Days it is kept, if the operator's rule says nothing else.
    pub keep_days: i64,
}

/// The register.
const FACTS: [KindFacts; 12] = [
    KindFacts {
        kind: Kind::Sets,
        id: "sets",
        tables: &[
            "transmission",
            "transmission_file",
            "transmission_enclosure",
            "transmission_item",
            "import_answer",
            "transmission_step",
            "person",
            "person_set",
            "month_comparison",
            "accepted_difference",
            "month_comment",
            "month_reminder",
        ],
        places: &["bodies/"],
        ends: Ends::ByErasure,
        minimum_days: 0,
        keep_days: 180,
    },
    KindFacts {
        kind: Kind::Evidence,
        id: "evidence",
        tables: &["recovery"],
        places: &[],
        ends: Ends::ByErasure,
        minimum_days: 90,
        keep_days: 365,
    },
    KindFacts {
        kind: Kind::Leavers,
        id: "leavers",
        tables: &["account", "password_history", "factor", "recovery_code", "arrival_mail"],
        places: &[],
        ends: Ends::ByErasure,
        // The log names people by the account: for a year after its end it must be possible to say who that was.
        minimum_days: 366,
        keep_days: 731,
    },
    KindFacts {
        kind: Kind::OfficeKeys,
        id: "office-keys",
        tables: &["office_key"],
        places: &[],
        ends: Ends::ByErasure,
        minimum_days: 30,
        keep_days: 90,
    },
    KindFacts {
        kind: Kind::Sessions,
        id: "sessions",
        tables: &[
            "session",
            "attempt",
            "passkey_challenge",
            "one_time_code",
            "enrolment_code",
            "acme_challenge",
            "outgoing",
        ],
        places: &[],
        ends: Ends::ByItself,
        minimum_days: 0,
        keep_days: 30,
    },
    KindFacts {
        kind: Kind::Handovers,
        id: "handovers",
        tables: &["handover", "handover_file"],
        places: &[],
        ends: Ends::ByItself,
        minimum_days: 0,
        keep_days: 14,
    },
    KindFacts {
        kind: Kind::Notices,
        id: "notices",
        tables: &["certificate_notice", "operator_alarm", "operator_alarm_seen"],
        places: &[],
        ends: Ends::Kept,
        minimum_days: 0,
        keep_days: 0,
    },
    KindFacts {
        kind: Kind::Backups,
        id: "backups",
        tables: &["backup", "backup_expunged", "backup_drill"],
        places: &["backup.boxes", "backup.keys"],
        ends: Ends::ByCommand,
        minimum_days: 0,
        keep_days: 0,
    },
    KindFacts {
        kind: Kind::Registers,
        id: "registers",
        tables: &[
            "office",
            "device",
            "certificate",
            "enrolment_request",
            "device_office",
            "software_token",
            "role_grant",
            "tls12_exception",
            "outside_authority",
            "responsible",
            "operating_rule",
            "training",
            "training_rule",
            "server_certificate",
            "acme_account",
            "acme_turn",
            "partner_note",
        ],
        places: &[],
        ends: Ends::Kept,
        minimum_days: 0,
        keep_days: 0,
    },
    KindFacts {
        kind: Kind::Keys,
        id: "keys",
        tables: &["secret", "working_key", "key_copy", "key_rotation", "key_share_set", "key_emergency"],
        places: &["key_store.file"],
        ends: Ends::ByCommand,
        minimum_days: 0,
        keep_days: 0,
    },
    KindFacts {
        kind: Kind::AccessRecord,
        id: "access-record",
        tables: &[
            "ledger",
            "log_entry",
            "log_export",
            "log_tile",
            "log_checkpoint",
            "log_former_key",
            "log_gap",
            "review",
            "review_finding",
            "self_scan",
            "tls_tally",
        ],
        places: &[],
        ends: Ends::Kept,
        minimum_days: 366,
        keep_days: 0,
    },
    KindFacts {
        kind: Kind::Proofs,
        id: "proofs",
        tables: &[
            "retention_rule",
            "retention_archive",
            "retention_hold",
            "erasure",
            "erasure_item",
            "erasure_trace",
            "erasure_body",
            "erasure_submission",
            "disposal_batch",
            "disposal_device",
        ],
        places: &["erasure_list"],
        ends: Ends::Kept,
        minimum_days: 0,
        keep_days: 0,
    },
];

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Sets,
        Self::Evidence,
        Self::Leavers,
        Self::OfficeKeys,
        Self::Sessions,
        Self::Handovers,
        Self::Notices,
        Self::Backups,
        Self::Registers,
        Self::Keys,
        Self::AccessRecord,
        Self::Proofs,
    ];

    /// What is known about it.
    #[must_use]
    pub fn facts(self) -> &'static KindFacts {
        // In the order of the enum; a test holds it to that.
        &FACTS[self as usize]
    }

    /// Stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.facts().id
    }

    /// The kind with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_in_the_order_of_kinds() {
        for (kind, facts) in Kind::ALL.into_iter().zip(&FACTS) {
            assert_eq!(kind, facts.kind);
            assert_eq!(Kind::from_id(facts.id), Some(kind));
            assert!(facts.ends != Ends::ByErasure || facts.keep_days >= facts.minimum_days);
        }
    }
}
