//! 控えの計画 as data: of every table, what goes into a backup and where, or why not (R4.1).
//!
//! Boxes and keys are kept apart (R4.4): what opens something, or is about a person, lies in the archive of keys; the archive
//! of boxes alone tells nothing. A backup is refused as long as a table is not in this plan.

/// What a backup does with a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carried {
    /// Into the archive of boxes; these columns of it into the archive of keys, under what names the row.
    Boxes { apart: &'static [&'static str], row: &'static str },
    /// As a whole into the archive of keys.
    Keys,
    /// Not at all, and why.
    Not(&'static str),
}

const fn boxes() -> Carried {
    Carried::Boxes { apart: &[], row: "" }
}

const fn split(row: &'static str, apart: &'static [&'static str]) -> Carried {
    Carried::Boxes { apart, row }
}

/// The plan.
pub(crate) const PLAN: &[(&str, Carried)] = &[
    ("_sqlx_migrations", boxes()),
    ("office", boxes()),
    ("office_key", split("key_id", &["wrapped_secret"])),
    ("device", boxes()),
    ("certificate", boxes()),
    ("enrolment_request", boxes()),
    ("enrolment_code", Carried::Not("one-time codes end with the day; new ones are issued after a restore")),
    ("certificate_notice", boxes()),
    ("tls12_exception", boxes()),
    ("outside_authority", boxes()),
    ("secret", split("name", &["wrapped"])),
    ("transmission", split("transmission_id", &["envelope", "commitment_salt", "digest", "enclosure_index"])),
    ("transmission_file", split("transmission_id || '/' || ordinal", &["digest"])),
    ("transmission_enclosure", boxes()),
    ("transmission_item", Carried::Keys),
    ("person", Carried::Keys),
    ("person_set", Carried::Keys),
    ("month_comparison", Carried::Not("compared anew when somebody asks")),
    ("accepted_difference", Carried::Keys),
    ("month_comment", Carried::Keys),
    ("month_reminder", boxes()),
    ("import_answer", split("transmission_id", &["note_sealed"])),
    ("handover", Carried::Not("ends within two weeks, and what ended must not come to life again; it is offered anew")),
    ("handover_file", Carried::Not("opened by the key in handover alone")),
    ("partner_note", split("note_id", &["note_sealed"])),
    ("transmission_step", boxes()),
    ("ledger", boxes()),
    ("log_entry", boxes()),
    ("log_export", split("export_id", &["purpose_sealed"])),
    ("log_tile", boxes()),
    ("log_checkpoint", boxes()),
    ("log_former_key", boxes()),
    ("log_gap", boxes()),
    ("review", boxes()),
    ("review_finding", split("finding_id", &["note_sealed"])),
    ("self_scan", boxes()),
    ("tls_tally", Carried::Not("counts of a day, begun anew with the next report")),
    ("server_certificate", split("certificate_id", &["key_sealed"])),
    ("acme_account", split("directory", &["account_sealed"])),
    ("acme_challenge", Carried::Not("an answer to an authority that asks within minutes")),
    ("acme_turn", boxes()),
    ("account", split("account_id", &["login_sealed", "name_sealed", "kana_sealed", "password_hash", "person_index"])),
    ("password_history", Carried::Keys),
    ("factor", split("factor_id", &["label_sealed", "secret_sealed"])),
    ("recovery_code", Carried::Keys),
    ("arrival_mail", split("account_id", &["address_sealed"])),
    ("recovery", split("recovery_id", &["evidence_sealed"])),
    ("one_time_code", Carried::Not("one-time codes end with the day; new ones are issued after a restore")),
    ("outgoing", Carried::Not("not sent yet and gone within days; the files are still in the office")),
    ("session", Carried::Not("a session must not come to life again; everybody signs in anew")),
    ("role_grant", boxes()),
    ("device_office", boxes()),
    (
        "responsible",
        split("responsible_id", &["name_sealed", "contact_sealed", "deputy_sealed", "deputy_contact_sealed"]),
    ),
    ("operating_rule", boxes()),
    ("training", split("training_id", &["subject_sealed", "evidence_sealed"])),
    ("training_rule", boxes()),
    ("software_token", split("token_id", &["label_sealed"])),
    ("attempt", Carried::Not("counters of failed tries, forgotten within a day")),
    ("passkey_challenge", Carried::Not("state between two requests, good for minutes")),
    ("key_copy", boxes()),
    ("working_key", split("key_id", &["wrapped"])),
    ("key_rotation", boxes()),
    ("key_share_set", boxes()),
    ("key_emergency", boxes()),
    ("operator_alarm", boxes()),
    ("operator_alarm_seen", boxes()),
    ("retention_rule", boxes()),
    ("retention_archive", boxes()),
    ("retention_hold", boxes()),
    ("erasure", boxes()),
    ("erasure_item", boxes()),
    ("erasure_trace", Carried::Not("fingerprints for one search on this disk")),
    ("erasure_body", Carried::Not("names for one search on this disk")),
    ("erasure_submission", boxes()),
    ("backup", boxes()),
    ("backup_expunged", boxes()),
    ("backup_drill", boxes()),
    ("disposal_batch", boxes()),
    ("disposal_device", boxes()),
];

/// What the plan says of a table.
pub(crate) fn of(table: &str) -> Option<Carried> {
    PLAN.iter().find(|(name, _)| *name == table).map(|(_, carried)| *carried)
}
