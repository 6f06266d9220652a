use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// One that nothing has yet.
            #[must_use]
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Only the form we print: lower case, with hyphens.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let id = Self(Uuid::try_parse(text).map_err(|_| NotAnId)?);
                if id.to_string() == text { Ok(id) } else { Err(NotAnId) }
            }
        }
    };
}

id! {
    /// 事業所 in our register (ours; the authority's is [`standard::OfficeNumber`]).
    OfficeId
}
id! {
    /// 端末, with one client certificate at a time, two while it renews.
    DeviceId
}
id! {
    /// 端末登録の申請.
    EnrolmentRequestId
}
id! {
    /// サーバー証明書.
    ServerCertificateId
}
id! {
    /// TLS 1.2 の例外.
    Tls12ExceptionId
}
id! {
    /// 利用者 of one office's index: a keyed index, written as an id.
    PersonId
}
id! {
    /// 連絡.
    CommentId
}
id! {
    /// お知らせ.
    NoticeId
}
id! {
    /// 一方向の受渡し.
    HandoverId
}
id! {
    /// 連携先の控え.
    PartnerNoteId
}
id! {
    /// 送信一件.
    TransmissionId
}

id! {
    /// 送信待ち: a draft, or a set that is held for a second person.
    OutgoingId
}

id! {
    /// アカウント of a person.
    AccountId
}
id! {
    /// A session, as the log names it. It is not the token that proves it.
    SessionId
}
id! {
    /// A second factor of a person.
    FactorId
}
id! {
    /// 権限付与: one role of one person at one office.
    GrantId
}
id! {
    /// 本人確認台帳の一件.
    RecoveryId
}
id! {
    /// 保全.
    HoldId
}
id! {
    /// 消去.
    ErasureId
}
id! {
    /// 控えの世代.
    BackupId
}
id! {
    /// A device or medium that is disposed of, or a batch of them.
    DisposalId
}
id! {
    /// A program's token, as lists name it. It is not the token itself.
    SoftwareId
}

id! {
    /// 重要な知らせ.
    AlarmId
}
id! {
    /// ログ点検.
    ReviewId
}
id! {
    /// 点検の所見.
    FindingId
}
id! {
    /// 証跡の書き出し.
    LogExportId
}
id! {
    /// One copy of a key, in the register of copies.
    KeyCopyId
}
id! {
    /// 鍵の更新一件.
    KeyRotationId
}

id! {
    /// 責任者・関係者一覧の一件.
    ResponsibleId
}
id! {
    /// 規程の版.
    OperatingRuleId
}
id! {
    /// 教育訓練の記録.
    TrainingId
}
id! {
    /// 自己点検の報告.
    SelfScanId
}

/// The text is not an id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

impl PersonId {
    /// The id that stands for a keyed index.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}
