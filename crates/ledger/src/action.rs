//! What was done: a closed list, each action with an id that never changes.

/// Defines the enum, the ids and the list of all in one place, so that none can be forgotten.
macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal,)+) => {
        /// What was done. The id stands in stored entries: add actions, never rename or remove one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Action {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Action {
            /// Every action, for coverage lists (R10.1) and for help.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The id in the entry.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }
        }
    };
}

actions! {
    /// The store was created.
    StoreInit = "store.init",
    /// The server began to serve.
    ServerStart = "server.start",
    /// The server stopped in order.
    ServerStop = "server.stop",
    /// An office was registered.
    OfficeAdd = "office.add",
    /// An office's registration was changed.
    OfficeChange = "office.change",
    /// An office was closed: it may no longer send or collect.
    OfficeClose = "office.close",
    /// A one-time code for enrolling a device was issued.
    DeviceCode = "device.code",
    /// A device got its certificate.
    DeviceEnrol = "device.enrol",
    /// A device got a new certificate in place of an old one.
    DeviceRenew = "device.renew",
    /// A device's certificate was revoked.
    DeviceRevoke = "device.revoke",
    /// An account was made.
    AccountAdd = "account.add",
    /// An account's rights were changed.
    AccountChange = "account.change",
    /// An account was closed.
    AccountClose = "account.close",
    /// Someone signed in, or tried to.
    SessionStart = "session.start",
    /// Someone signed out, or was signed out.
    SessionEnd = "session.end",
    /// A set was checked without being sent.
    SetCheck = "set.check",
    /// A set was accepted from its sender.
    SetAccept = "set.accept",
    /// A set was not accepted.
    SetRefuse = "set.refuse",
    /// Sets were listed.
    SetList = "set.list",
    /// A set's page was shown.
    SetView = "set.view",
    /// A file of a set was opened.
    SetOpen = "set.open",
    /// A set was printed, or made into a document.
    SetPrint = "set.print",
    /// A set was collected by its receiver.
    SetCollect = "set.collect",
    /// A set was acknowledged by its receiver.
    SetAcknowledge = "set.acknowledge",
    /// A set was withdrawn by its sender.
    SetWithdraw = "set.withdraw",
    /// A set's contents were erased after their time.
    SetExpire = "set.expire",
    /// A key was created.
    KeyCreate = "key.create",
    /// A key was used to open something.
    KeyUse = "key.use",
    /// Something was wrapped anew under another key.
    KeyRotate = "key.rotate",
    /// A key was destroyed.
    KeyDestroy = "key.destroy",
    /// An access was refused before it became any of the others.
    AccessRefuse = "access.refuse",
    /// A sealed box did not open: wrong key, altered, or moved (R6.3).
    BoxDamaged = "box.damaged",
    /// A backup was made.
    BackupMake = "backup.make",
    /// A backup was restored.
    BackupRestore = "backup.restore",
    /// The log was read (R10.7).
    LedgerRead = "ledger.read",
    /// The log was exported (R10.7).
    LedgerExport = "ledger.export",
    /// The state of the clock changed (R10.3).
    ClockChange = "clock.change",
    /// Somebody asked for a device to be enrolled (R7.2).
    DeviceRequest = "device.request",
    /// A second person agreed to the request.
    DeviceApprove = "device.approve",
    /// A revocation took effect on a serving node (R7.3).
    DeviceRevokeEffect = "device.revoke-effect",
    /// An office was told that a certificate ends soon, or of something else about its devices (R7.5).
    DeviceNotice = "device.notice",
    /// An office may use TLS 1.2 until a day (R5.3).
    Tls12Allow = "tls12.allow",
    /// It may no longer.
    Tls12End = "tls12.end",
    /// A key for an issuing authority was made, to be certified by the offline root (R7.7).
    AuthorityRequest = "authority.request",
    /// An issuing authority certified by the offline root took over.
    AuthorityInstall = "authority.install",
    /// An outside authority's certificates are accepted (R7.8).
    AuthorityTrust = "authority.trust",
    /// They no longer are.
    AuthorityDistrust = "authority.distrust",
    /// A person of several offices chose the one to act for.
    SessionOffice = "session.office",
    /// An account was suspended.
    AccountSuspend = "account.suspend",
    /// A suspended account was opened again.
    AccountResume = "account.resume",
    /// A one-time code for an account was issued.
    AccountCode = "account.code",
    /// A one-time code was redeemed for setting one's own secrets, or somebody tried to.
    AccountRedeem = "account.redeem",
    /// Somebody finished setting up their own secrets.
    AccountReady = "account.ready",
    /// Somebody set their own password.
    PasswordSet = "password.set",
    /// A second factor was added by its owner.
    FactorAdd = "factor.add",
    /// A second factor was removed by its owner.
    FactorRemove = "factor.remove",
    /// A second factor was suspended because it is lost or broken (R8.13).
    FactorSuspend = "factor.suspend",
    /// Recovery codes were made anew by their owner.
    FactorCodes = "factor.codes",
    /// A recovery was entered in the register of identity checks (R8.11).
    RecoveryOpen = "recovery.open",
    /// A second person approved a recovery.
    RecoveryApprove = "recovery.approve",
    /// A recovery ended.
    RecoveryClose = "recovery.close",
    /// The evidence of a recovery was looked at.
    RecoveryView = "recovery.view",
    /// A right was asked for (R12.3).
    GrantRequest = "grant.request",
    /// Another person confirmed a right.
    GrantConfirm = "grant.confirm",
    /// A right was withdrawn.
    GrantWithdraw = "grant.withdraw",
    /// A right was confirmed anew at stock-taking (R12.4).
    GrantReview = "grant.review",
    /// A right lapsed: not confirmed in time, or stock-taking overdue.
    GrantLapse = "grant.lapse",
    /// The accounts of an office were compared with its staff list (R12.4).
    StaffCompare = "staff.compare",
    /// A program got a token.
    SoftwareAdd = "software.add",
    /// A program's token was replaced by a new one.
    SoftwareRotate = "software.rotate",
    /// A program's token was revoked.
    SoftwareRevoke = "software.revoke",
    /// A device of one office was admitted for another, or no longer is.
    DeviceAdmit = "device.admit",
    /// A certificate for the server was ordered, or somebody asked for one.
    ServerCertificateOrder = "server.certificate-order",
    /// The server got a certificate, or did not.
    ServerCertificate = "server.certificate",
    /// An account with an authority for the server's certificate was made.
    AcmeAccount = "server.acme-account",
    /// A rule about how long a kind of information is kept was set (R11.1).
    RetentionSet = "retention.set",
    /// Something is kept from being erased, or no longer is (R11.6).
    RetentionHold = "retention.hold",
    /// An erasure was asked for (R11.5).
    ErasureRequest = "erasure.request",
    /// Another person agreed to an erasure.
    ErasureApprove = "erasure.approve",
    /// An erasure was withdrawn before it was run.
    ErasureWithdraw = "erasure.withdraw",
    /// An erasure was run: keys first, then boxes (R11.2).
    ErasureRun = "erasure.run",
    /// What was erased was searched for and not found, and a certificate names it (R11.4).
    ErasureCertify = "erasure.certify",
    /// A certificate of erasure was given to somebody.
    ErasureSubmit = "erasure.submit",
    /// A backup, or its keys, was destroyed.
    BackupDestroy = "backup.destroy",
    /// A backup was read back and found whole, or not (R4.2).
    BackupVerify = "backup.verify",
    /// Restoring was rehearsed (R4.5).
    BackupDrill = "backup.drill",
    /// A device or medium is to be disposed of, or has been (R11.7, R11.8).
    DisposalChange = "disposal.change",
    /// The receiver said how the import of a set went (R1.10).
    SetAnswer = "set.answer",
    /// A receipt was handed to one of a set's offices (R1.10).
    ReceiptGive = "receipt.give",
    /// An office's record of what it sent and received was made (R10.1, R10.7).
    EvidenceMake = "evidence.make",
    /// An older state of the log was taken up, by declaration (R4.6).
    LogGap = "log.gap",
    /// A page for people was asked for; which one is a detail (R10.1).
    PageView = "page.view",
    /// A review of the log was prepared (R10.8).
    ReviewOpen = "review.open",
    /// A finding of a review was judged.
    ReviewJudge = "review.judge",
    /// A review was closed.
    ReviewClose = "review.close",
    /// A copy of a key was entered in the register of copies (R11.3).
    KeyCopyMake = "key.copy",
    /// A copy of a key was destroyed.
    KeyCopyDestroy = "key.copy-destroy",
    /// The replacement of a key began (R6.5).
    KeyRotateStart = "key.rotate-start",
    /// The master key was split into recovery shares (R6.6).
    KeyShare = "key.share",
    /// The master key was restored from shares in a declared emergency, or somebody tried to.
    KeyRecover = "key.recover",
    /// A month was written out as a workbook (R10.7).
    MonthExport = "month.export",
    /// A comment on a person's month was written for a partner.
    CommentMake = "comment.make",
    /// A difference between plan and actuals was accepted, or taken up again.
    DifferenceAccept = "difference.accept",
    /// A partner was asked for the actuals of a month.
    ReminderSend = "reminder.send",

    /// Everybody who looks after the exchange is told of something that must not happen unseen (R6.6).
    AlarmRaise = "alarm.raise",
    /// Somebody has seen it.
    AlarmSee = "alarm.see",
    /// It went out by mail.
    AlarmMail = "alarm.mail",
    /// The key store went out of reach, or came back (R6.8).
    KeyStoreChange = "key.store-change",
    /// A server compared what its own doors speak with what they may (R5.11).
    SelfScan = "server.self-scan",
    /// Somebody was entered as responsible for something, or no longer is (R12.6).
    RegisterResponsible = "register.responsible",
    /// A version of the operating rules was entered (R12.6).
    RegisterRule = "register.rule",
    /// Another person approved it: from then on it is in force.
    RegisterRuleApprove = "register.rule-approve",
    /// Somebody's training was recorded by another person (R12.6).
    RegisterTraining = "register.training",
    /// An office decided whether training limits what its people may do.
    RegisterTrainingRule = "register.training-rule",

    /// A set is held until a second person of the sending office confirms it.
    SetHold = "set.hold",
    /// A second person confirmed what was held, and it went.
    SetRelease = "set.release",
    /// What was held or only drafted ended without them: sent by its author, taken back, or its time was over.
    SetHoldEnd = "set.hold-end",

    /// An office kept a note about a partner.
    PartnerKeep = "partner.keep",
    /// It forgot one.
    PartnerForget = "partner.forget",
    /// Sets were sealed for an office that is not on the exchange (一方向の受渡し).
    HandoverOffer = "handover.offer",
    /// Somebody came in by the address, a number and a code, or tried to.
    HandoverEnter = "handover.enter",
    /// What was handed over was opened.
    HandoverOpen = "handover.open",
    /// Something was given back, in logs of before that was a set like any other.
    HandoverReturn = "handover.return",
    /// It was opened by the office that had offered; of before as well.
    HandoverCollect = "handover.collect",
    /// A handover ended, and its key was destroyed.
    HandoverEnd = "handover.end",

    /// Somebody asked to be mailed when something waits; the address is not told.
    MailAsk = "mail.ask",
    /// They gave back the code that was mailed, or tried to.
    MailConfirm = "mail.confirm",
    /// They no longer are: switched off, or they or their office left.
    MailEnd = "mail.end",
    /// A mail was handed to a mail server, or it did not take it.
    MailSend = "mail.send",
}

impl Action {
    /// The action of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.id() == id)
    }

    /// Whether the entry must name the office and the object: one may not open a set without saying whose and which.
    /// A refused attempt may lack either, since there may be none.
    pub(crate) fn concerns_one_set(self) -> bool {
        matches!(
            self,
            Self::SetAccept
                | Self::SetView
                | Self::SetOpen
                | Self::SetPrint
                | Self::SetCollect
                | Self::SetAcknowledge
                | Self::SetWithdraw
                | Self::SetExpire
                | Self::SetAnswer
                | Self::ReceiptGive
        )
    }
}
