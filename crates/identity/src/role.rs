//! 役割と操作: the one table of rights, and what cannot be one person's.

use std::collections::BTreeSet;

use crate::scope::Scope;
use crate::session::Level;

/// 役割 — what a person is trusted with, at one office or at the operator (R12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 事業所の管理者 — staff, devices and software of one office. In a small office this is also who sends, so the role
    /// includes what staff may do.
    OfficeAdministrator,
    /// 事業所の職員 — sends, collects and reads.
    OfficeStaff,
    /// 事業所の閲覧者 — reads what has been collected, and changes nothing.
    OfficeViewer,
    /// 運営者の管理者 — the register of offices, approvals, accounts. Reads no care plan (R2.7).
    OperatorAdministrator,
    /// 鍵の保管者 — holds a share of the key store.
    KeyCustodian,
    /// 保守担当 — backups, updates, erasure when its time has come.
    Maintenance,
    /// 監査担当 — reads the log and verifies erasure, and does nothing that the log would have to show.
    Auditor,
}

/// 所属の側 — for whom a role works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// 事業所 — a care office.
    Office,
    /// 運営者 — who runs the exchange.
    Operator,
}

impl Side {
    /// Stable id, for tables.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Operator => "operator",
        }
    }

    /// The side with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Office, Self::Operator].into_iter().find(|side| side.id() == id)
    }
}

impl Role {
    /// Every role, for documents and tests.
    pub const ALL: [Self; 7] = [
        Self::OfficeAdministrator,
        Self::OfficeStaff,
        Self::OfficeViewer,
        Self::OperatorAdministrator,
        Self::KeyCustodian,
        Self::Maintenance,
        Self::Auditor,
    ];

    /// Stable id, for tables and the log.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::OfficeAdministrator => "office-administrator",
            Self::OfficeStaff => "office-staff",
            Self::OfficeViewer => "office-viewer",
            Self::OperatorAdministrator => "operator-administrator",
            Self::KeyCustodian => "key-custodian",
            Self::Maintenance => "maintenance",
            Self::Auditor => "auditor",
        }
    }

    /// The role with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// The name on screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::OfficeAdministrator => "事業所の管理者",
            Self::OfficeStaff => "事業所の職員",
            Self::OfficeViewer => "事業所の閲覧者",
            Self::OperatorAdministrator => "運営者の管理者",
            Self::KeyCustodian => "鍵の保管者",
            Self::Maintenance => "保守担当",
            Self::Auditor => "監査担当",
        }
    }

    /// For whom the role works.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::OfficeAdministrator | Self::OfficeStaff | Self::OfficeViewer => Side::Office,
            Self::OperatorAdministrator | Self::KeyCustodian | Self::Maintenance | Self::Auditor => Side::Operator,
        }
    }

    /// Whether the role is given only to who has a passkey: a code read out over the telephone must not open it (R8.4).
    #[must_use]
    pub const fn needs_passkey(self) -> bool {
        matches!(self, Self::OperatorAdministrator | Self::KeyCustodian | Self::Maintenance)
    }
}

/// 操作 — what a route does. Every route names one, and a deed that [`TABLE`] does not allow is refused (R12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// Set one's own secrets up with a one-time code.
    Enrol,
    /// Show the second factor after the password.
    ShowSecondFactor,
    /// End one's own session, however far it has come.
    SignOut,
    /// Choose the office to act for.
    ChooseOffice,
    /// See and change one's own password, factors, codes and sessions.
    OwnAccount,
    /// See which sets came and went, without their content.
    ListSets,
    /// Read the content of a set that has been collected.
    ReadSets,
    /// Collect and acknowledge sets.
    CollectSets,
    /// Send sets.
    SendSets,
    /// Take a set back before it is collected.
    WithdrawSets,
    /// Compare plans with actuals, accept what differs, write to a partner about it, ask for what is missing.
    ReconcileSets,
    /// Invite, suspend and close accounts of one's own office.
    ManageStaff,
    /// Revoke and name devices of one's own office.
    ManageDevices,
    /// Make, rotate and revoke the tokens of software.
    ManageSoftware,
    /// Open a case of recovery for somebody else, with the proof of identity (R8.11).
    RequestRecovery,
    /// Confirm somebody's identity for a case of recovery that another opened.
    ApproveRecovery,
    /// Apply for a role for somebody else (R12.3).
    RequestGrants,
    /// Confirm or refuse a role that another applied for (R12.3).
    ConfirmGrants,
    /// Go through the list of accounts and rights and confirm each (R12.4).
    TakeStock,
    /// See who is responsible, by which rules, and who has been trained (R12.6).
    ReadRegisters,
    /// Enter who is responsible, and versions of the rules.
    KeepRegisters,
    /// Approve rules that another entered.
    ApproveRules,
    /// Record the training of somebody else, and whether it is asked for.
    RecordTraining,
    /// Read the log of one's own office.
    ReadOfficeLedger,
    /// Make the record of what one's own office sent and received, with the names of its people.
    ExportEvidence,
    /// Enter, change and close offices in the register.
    RegisterOffices,
    /// Apply for a certificate for an office's device.
    RequestEnrolment,
    /// Check and approve an application that another made.
    ApproveEnrolment,
    /// Invite, suspend and close accounts of the operator.
    ManageOperators,
    /// See whether the exchange is well: figures only.
    SeeHealth,
    /// Unlock and rotate the keys.
    HoldKeys,
    /// Backups, updates, repairs.
    Maintain,
    /// Erase what is past its time.
    Erase,
    /// Agree to an erasure that another asked for (R11.5).
    ApproveErasure,
    /// Verify that what was erased is gone.
    VerifyErasure,
    /// See what is kept how long, what is held, and what was erased.
    SeeErasures,
    /// Keep something from being erased, and end that together with another (R11.6).
    HoldErasures,
    /// Be told of what must not happen unseen: recovery shares used, or tried (R6.6).
    SeeAlarms,
    /// Read and verify the whole log.
    ReadLedger,
}

impl Deed {
    /// Every deed, for documents and tests.
    pub const ALL: [Self; 39] = [
        Self::Enrol,
        Self::ShowSecondFactor,
        Self::SignOut,
        Self::ChooseOffice,
        Self::OwnAccount,
        Self::ListSets,
        Self::ReadSets,
        Self::CollectSets,
        Self::SendSets,
        Self::WithdrawSets,
        Self::ReconcileSets,
        Self::ManageStaff,
        Self::ManageDevices,
        Self::ManageSoftware,
        Self::RequestRecovery,
        Self::ApproveRecovery,
        Self::RequestGrants,
        Self::ConfirmGrants,
        Self::TakeStock,
        Self::ReadRegisters,
        Self::KeepRegisters,
        Self::ApproveRules,
        Self::RecordTraining,
        Self::ReadOfficeLedger,
        Self::ExportEvidence,
        Self::RegisterOffices,
        Self::RequestEnrolment,
        Self::ApproveEnrolment,
        Self::ManageOperators,
        Self::SeeHealth,
        Self::HoldKeys,
        Self::Maintain,
        Self::Erase,
        Self::ApproveErasure,
        Self::VerifyErasure,
        Self::SeeErasures,
        Self::HoldErasures,
        Self::SeeAlarms,
        Self::ReadLedger,
    ];

    /// Stable id, for the log and documents.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::ShowSecondFactor => "show-second-factor",
            Self::SignOut => "sign-out",
            Self::ChooseOffice => "choose-office",
            Self::OwnAccount => "own-account",
            Self::ListSets => "list-sets",
            Self::ReadSets => "read-sets",
            Self::CollectSets => "collect-sets",
            Self::SendSets => "send-sets",
            Self::WithdrawSets => "withdraw-sets",
            Self::ReconcileSets => "reconcile-sets",
            Self::ManageStaff => "manage-staff",
            Self::ManageDevices => "manage-devices",
            Self::ManageSoftware => "manage-software",
            Self::RequestRecovery => "request-recovery",
            Self::ApproveRecovery => "approve-recovery",
            Self::RequestGrants => "request-grants",
            Self::ConfirmGrants => "confirm-grants",
            Self::TakeStock => "take-stock",
            Self::ReadRegisters => "read-registers",
            Self::KeepRegisters => "keep-registers",
            Self::ApproveRules => "approve-rules",
            Self::RecordTraining => "record-training",
            Self::ReadOfficeLedger => "read-office-ledger",
            Self::ExportEvidence => "export-evidence",
            Self::RegisterOffices => "register-offices",
            Self::RequestEnrolment => "request-enrolment",
            Self::ApproveEnrolment => "approve-enrolment",
            Self::ManageOperators => "manage-operators",
            Self::SeeHealth => "see-health",
            Self::HoldKeys => "hold-keys",
            Self::Maintain => "maintain",
            Self::Erase => "erase",
            Self::ApproveErasure => "approve-erasure",
            Self::VerifyErasure => "verify-erasure",
            Self::SeeErasures => "see-erasures",
            Self::HoldErasures => "hold-erasures",
            Self::SeeAlarms => "see-alarms",
            Self::ReadLedger => "read-ledger",
        }
    }

    /// The deed in words, for screens and documents.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Enrol => "登録コードで自分のパスワードなどを決める",
            Self::ShowSecondFactor => "パスワードのあとに二つ目の要素を示す",
            Self::SignOut => "サインアウトする",
            Self::ChooseOffice => "どの事業所の仕事をするか選ぶ",
            Self::OwnAccount => "自分のパスワード・認証の手段・サインインの状況を見る、変える",
            Self::ListSets => "届いたもの・送ったものの一覧を見る",
            Self::ReadSets => "受け取ったデータの中身を見る",
            Self::CollectSets => "データを受け取る、受領を確認する",
            Self::SendSets => "データを送る",
            Self::WithdrawSets => "送ったデータを取り下げる",
            Self::ReconcileSets => "予実を突き合わせる、差異を了承する、連携先へ連絡・催促する",
            Self::ManageStaff => "自分の事業所の職員を招く、止める、終える",
            Self::ManageDevices => "自分の事業所の端末を見る、使えなくする",
            Self::ManageSoftware => "ケアソフトの接続を作る、替える、止める",
            Self::RequestRecovery => "ほかの人の再登録を、本人確認のうえで申請する",
            Self::ApproveRecovery => "ほかの人が申請した再登録を承認する",
            Self::RequestGrants => "ほかの人の役割を申請する",
            Self::ConfirmGrants => "ほかの人が申請した役割を確認する",
            Self::TakeStock => "アカウントと役割の棚卸をする",
            Self::ReadRegisters => "責任者・規程・教育訓練の台帳を見る",
            Self::KeepRegisters => "責任者と規程の版を登録する",
            Self::ApproveRules => "ほかの人が登録した規程を承認する",
            Self::RecordTraining => "ほかの人の教育訓練を記録する、求めるかを決める",
            Self::ReadOfficeLedger => "自分の事業所の証跡を見る",
            Self::ExportEvidence => "自分の事業所の送受信の記録を書類にする",
            Self::RegisterOffices => "事業所台帳に登録する、直す、閉じる",
            Self::RequestEnrolment => "端末の証明書を申請する",
            Self::ApproveEnrolment => "ほかの人が申請した端末の証明書を承認する",
            Self::ManageOperators => "運営者のアカウントを招く、止める、終える",
            Self::SeeHealth => "交換所の動きを数字で見る",
            Self::HoldKeys => "鍵を開ける、替える",
            Self::Maintain => "控えを取る、更新する、直す",
            Self::Erase => "データの消去を申請する、承認のあとで行う",
            Self::ApproveErasure => "ほかの人が申請した消去を承認する",
            Self::VerifyErasure => "消したことを確かめて、証明書を出す",
            Self::SeeErasures => "保存期間・保全・消去の状況を見る",
            Self::HoldErasures => "消去を止める（保全）、二人で解く",
            Self::SeeAlarms => "重要な知らせを受ける",
            Self::ReadLedger => "すべての証跡を見る、検証する",
        }
    }

    /// What a program's token must carry to do this; `None`: no program may.
    #[must_use]
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Self::SendSets | Self::WithdrawSets => Some(Scope::Send),
            Self::CollectSets => Some(Scope::Collect),
            Self::ListSets | Self::ReadSets => Some(Scope::Read),
            _ => None,
        }
    }

    /// Whether it can be done with a temporary pass: the day's work goes on, nothing about rights or keys (R8.13).
    #[must_use]
    pub const fn with_temporary_pass(self) -> bool {
        matches!(
            self,
            Self::SignOut
                | Self::ChooseOffice
                | Self::ListSets
                | Self::ReadSets
                | Self::CollectSets
                | Self::SendSets
                | Self::ReconcileSets
        )
    }
}

impl Deed {
    /// Whether it can be done by somebody whose training is over: what ends that, and nothing that reaches further (R12.6).
    /// Training is recorded for others only, so two who missed it help each other, and one alone is helped at the terminal.
    #[must_use]
    pub const fn without_training(self) -> bool {
        matches!(self, Self::SignOut | Self::ChooseOffice | Self::OwnAccount | Self::RecordTraining)
    }
}

/// Who may do a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever holds a session of exactly this level; rights do not count.
    At(Level),
    /// Whoever holds a session of any level: nobody is kept in.
    InSession,
    /// Whoever is fully signed in, even before a role has been confirmed.
    SignedIn,
    /// Whoever is fully signed in and holds one of these.
    Holders(&'static [Role]),
}

/// 権限表 — the one table of rights. What is not in it nobody may do (R12.1).
pub const TABLE: &[(Deed, Who)] = {
    use Role::{Auditor, KeyCustodian, Maintenance, OfficeAdministrator, OfficeStaff, OfficeViewer};
    const OPERATOR: Role = Role::OperatorAdministrator;
    &[
        (Deed::Enrol, Who::At(Level::Enrol)),
        (Deed::ShowSecondFactor, Who::At(Level::Password)),
        (Deed::SignOut, Who::InSession),
        (Deed::ChooseOffice, Who::SignedIn),
        (Deed::OwnAccount, Who::SignedIn),
        (Deed::ListSets, Who::Holders(&[OfficeAdministrator, OfficeStaff, OfficeViewer])),
        (Deed::ReadSets, Who::Holders(&[OfficeAdministrator, OfficeStaff, OfficeViewer])),
        (Deed::CollectSets, Who::Holders(&[OfficeAdministrator, OfficeStaff])),
        (Deed::SendSets, Who::Holders(&[OfficeAdministrator, OfficeStaff])),
        (Deed::WithdrawSets, Who::Holders(&[OfficeAdministrator, OfficeStaff])),
        (Deed::ReconcileSets, Who::Holders(&[OfficeAdministrator, OfficeStaff])),
        (Deed::ManageStaff, Who::Holders(&[OfficeAdministrator])),
        (Deed::ManageDevices, Who::Holders(&[OfficeAdministrator])),
        (Deed::ManageSoftware, Who::Holders(&[OfficeAdministrator])),
        (Deed::RequestRecovery, Who::Holders(&[OfficeAdministrator, OPERATOR])),
        (Deed::ApproveRecovery, Who::Holders(&[OfficeAdministrator, OPERATOR])),
        (Deed::RequestGrants, Who::Holders(&[OfficeAdministrator, OPERATOR])),
        (Deed::ConfirmGrants, Who::Holders(&[OfficeAdministrator, OPERATOR])),
        (Deed::TakeStock, Who::Holders(&[OfficeAdministrator, OPERATOR])),
        (Deed::ReadRegisters, Who::Holders(&[OfficeAdministrator, OPERATOR, Auditor])),
        (Deed::KeepRegisters, Who::Holders(&[OfficeAdministrator, OPERATOR])),
        (Deed::ApproveRules, Who::Holders(&[OfficeAdministrator, OPERATOR])),
        (Deed::RecordTraining, Who::Holders(&[OfficeAdministrator, OPERATOR])),
        (Deed::ReadOfficeLedger, Who::Holders(&[OfficeAdministrator])),
        (Deed::ExportEvidence, Who::Holders(&[OfficeAdministrator])),
        (Deed::RegisterOffices, Who::Holders(&[OPERATOR])),
        (Deed::RequestEnrolment, Who::Holders(&[OPERATOR])),
        (Deed::ApproveEnrolment, Who::Holders(&[OPERATOR])),
        (Deed::ManageOperators, Who::Holders(&[OPERATOR])),
        (Deed::SeeHealth, Who::Holders(&[OPERATOR, Maintenance, Auditor])),
        (Deed::HoldKeys, Who::Holders(&[KeyCustodian])),
        (Deed::Maintain, Who::Holders(&[Maintenance])),
        (Deed::Erase, Who::Holders(&[Maintenance])),
        (Deed::ApproveErasure, Who::Holders(&[OPERATOR])),
        (Deed::VerifyErasure, Who::Holders(&[Auditor])),
        (Deed::SeeErasures, Who::Holders(&[OPERATOR, Maintenance, Auditor])),
        (Deed::HoldErasures, Who::Holders(&[OPERATOR, Auditor])),
        (Deed::SeeAlarms, Who::Holders(&[OPERATOR, KeyCustodian, Auditor])),
        (Deed::ReadLedger, Who::Holders(&[Auditor])),
    ]
};

/// Who may do this, by [`TABLE`]; `None`: nobody.
#[must_use]
pub fn who(deed: Deed) -> Option<Who> {
    TABLE.iter().find(|(listed, _)| *listed == deed).map(|(_, who)| *who)
}

/// Whether somebody fully signed in with these roles, all held at the place the deed concerns, may do it.
///
/// Roles that cannot stand together allow nothing but what everyone signed in may, however they came together (R12.5).
#[must_use]
pub fn may(roles: &BTreeSet<Role>, deed: Deed) -> bool {
    match who(deed) {
        Some(Who::InSession | Who::SignedIn) => true,
        Some(Who::Holders(holders)) => {
            first_conflict(roles.iter().copied()).is_none() && holders.iter().any(|role| roles.contains(role))
        }
        Some(Who::At(_)) | None => false,
    }
}

/// The one decision: may this session do this deed? (R12.1, R8.2, R8.12, R8.13)
///
/// `roles` are those in force at the office chosen; `held` is everything the *person* holds anywhere, through any account,
/// delegation or pass, and is looked at only for what cannot stand together.
pub fn decide(level: Level, roles: &BTreeSet<Role>, held: &[Held], deed: Deed) -> Result<(), Denied> {
    let who = who(deed).ok_or(Denied::NotListed)?;
    match (level, who) {
        (level, Who::At(needed)) => (level == needed).then_some(()).ok_or(Denied::Level),
        (_, Who::InSession) => Ok(()),
        (Level::Password | Level::Enrol, _) => Err(Denied::Level),
        (Level::Temporary, _) if !deed.with_temporary_pass() => Err(Denied::Level),
        (Level::Full | Level::Temporary, Who::SignedIn) => Ok(()),
        (Level::Full | Level::Temporary, Who::Holders(holders)) => {
            let everything = roles.iter().copied().chain(held.iter().map(|held| held.role));
            if let Some(why) = first_conflict(everything) {
                return Err(Denied::Incompatible(why));
            }
            holders.iter().any(|role| roles.contains(role)).then_some(()).ok_or(Denied::NotGranted)
        }
    }
}

/// Why a deed was denied. For the log; the page says the same to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The table does not know the deed.
    #[error("the deed is not in the table")]
    NotListed,
    /// The session has not come far enough, or is only a temporary pass.
    #[error("the session's level does not reach")]
    Level,
    /// None of the roles held here allows it.
    #[error("no role held here allows it")]
    NotGranted,
    /// The person holds roles that cannot stand together.
    #[error("the person holds incompatible roles")]
    Incompatible(Why),
}

/// 兼務できない理由 — why two roles may not be one person's (R12.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// An auditor who also acts would audit himself.
    AuditorStandsAlone,
    /// Who decides on accounts must not be able to open the keys.
    AdministratorAndKeys,
    /// Who can copy the database must not be able to open the keys.
    DatabaseAndKeys,
    /// Whoever runs the exchange reads no office's data (R2.7).
    OperatorAndOffice,
}

impl Why {
    /// Every reason, for documents and tests.
    pub const ALL: [Self; 4] =
        [Self::AuditorStandsAlone, Self::AdministratorAndKeys, Self::DatabaseAndKeys, Self::OperatorAndOffice];

    /// What stands against it.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::AuditorStandsAlone => {
                "監査担当は、ほかの役割を兼ねられません。自分の仕事を自分で監査することになります。"
            }
            Self::AdministratorAndKeys => "運営者の管理者と鍵の保管者は、同じ人が兼ねられません。",
            Self::DatabaseAndKeys => {
                "鍵の保管者と保守担当は、同じ人が兼ねられません。データと鍵が一人の手にそろいます。"
            }
            Self::OperatorAndOffice => "運営者の役割と事業所の役割は、同じ人が兼ねられません。",
        }
    }

    /// What to do now.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::AuditorStandsAlone => "監査は、ほかの役割をもたない人に頼んでください。",
            Self::AdministratorAndKeys | Self::DatabaseAndKeys => {
                "どちらか一方を、別の人に頼んでください。替えるときは、先に今の役割を終えます。"
            }
            Self::OperatorAndOffice => "事業所の仕事は、事業所の職員として登録された別の人が行ってください。",
        }
    }
}

/// Why these two may not be one person's; `None`: they may. The order does not matter.
#[must_use]
pub fn incompatible(a: Role, b: Role) -> Option<Why> {
    use Role::{Auditor, KeyCustodian, Maintenance, OperatorAdministrator};
    match (a, b) {
        (a, b) if a == b => None,
        (a, b) if a.side() != b.side() => Some(Why::OperatorAndOffice),
        (Auditor, _) | (_, Auditor) => Some(Why::AuditorStandsAlone),
        (OperatorAdministrator, KeyCustodian) | (KeyCustodian, OperatorAdministrator) => {
            Some(Why::AdministratorAndKeys)
        }
        (KeyCustodian, Maintenance) | (Maintenance, KeyCustodian) => Some(Why::DatabaseAndKeys),
        _ => None,
    }
}

/// How somebody came by a role. Each way counts alike (R12.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// 付与 — applied for and confirmed, or still waiting for it.
    Grant,
    /// 代行 — acting for somebody who is away.
    Delegation,
    /// 一時パス — by a pass with an end (R8.13).
    TemporaryPass,
    /// 別のアカウント — through another account of the same person.
    OtherAccount,
}

impl Way {
    /// Every way, for tests.
    pub const ALL: [Self; 4] = [Self::Grant, Self::Delegation, Self::TemporaryPass, Self::OtherAccount];
}

/// 保有する役割 — a role of a person, at any office, and how it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held {
    /// The role.
    pub role: Role,
    /// How it came.
    pub by: Way,
}

/// 兼務の拒否 — a role not given, because of one already held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("incompatible with a role already held")]
pub struct Conflict {
    /// What is held.
    pub held: Held,
    /// Why the two may not be one person's.
    pub why: Why,
}

/// Whether a person may be given this role, seeing everything the person holds anywhere and by any way, applications that
/// still wait included: two of them could otherwise be confirmed one after the other.
pub fn may_hold(held: &[Held], wanted: Role) -> Result<(), Conflict> {
    held.iter()
        .find_map(|held| incompatible(held.role, wanted).map(|why| Conflict { held: *held, why }))
        .map_or(Ok(()), Err)
}

fn first_conflict(roles: impl Iterator<Item = Role>) -> Option<Why> {
    let roles: BTreeSet<Role> = roles.collect();
    roles.iter().find_map(|a| roles.iter().find_map(|b| incompatible(*a, *b)))
}
