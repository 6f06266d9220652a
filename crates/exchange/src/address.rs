use crate::misdirection::is_only_unserved;
use crate::{Digest, Refusal};
use standard::{OfficeNumber, Report, Serial, ServiceMonth, ServiceType, SourceFile, Unit, UnitKind};
use std::collections::BTreeSet;

/// 事業所 — what the register says of an office, as far as addressing needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Office {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// サービス種類コード the office has been registered with.
    pub service_types: BTreeSet<ServiceType>,
    /// Closed offices neither send nor receive.
    pub closed: bool,
}

/// A set that may travel: complete, without errors, from the proven sender to a known receiver.
///
/// Only [`address`] and [`address_guarded`] make one, so whoever holds a `Letter` need not check again.
#[derive(Clone, Debug)]
pub struct Letter {
    kind: UnitKind,
    serial: Serial,
    sender: OfficeNumber,
    sender_type: ServiceType,
    receiver: OfficeNumber,
    receiver_type: ServiceType,
    service_month: Option<ServiceMonth>,
    files: Vec<usize>,
    digest: Digest,
}

impl Letter {
    /// Which of the fifteen send units.
    #[must_use]
    pub const fn kind(&self) -> UnitKind {
        self.kind
    }
    /// ファイル連番.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.serial
    }
    /// 送信元.
    #[must_use]
    pub const fn sender(&self) -> OfficeNumber {
        self.sender
    }
    /// 送信元のサービス種類コード.
    #[must_use]
    pub const fn sender_type(&self) -> ServiceType {
        self.sender_type
    }
    /// 送信先.
    #[must_use]
    pub const fn receiver(&self) -> OfficeNumber {
        self.receiver
    }
    /// 送信先のサービス種類コード.
    #[must_use]
    pub const fn receiver_type(&self) -> ServiceType {
        self.receiver_type
    }
    /// 対象年月, for the units that have one.
    #[must_use]
    pub const fn service_month(&self) -> Option<ServiceMonth> {
        self.service_month
    }
    /// Which of the files given to [`address`] belong to the set, in the standard's order.
    #[must_use]
    pub fn files(&self) -> &[usize] {
        &self.files
    }
    /// Digest of the whole set.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

/// May `sender`, whom the certificate proves, give this set to the office it names? (R1.2, R1.6)
///
/// `files` is what was given to [`standard::check`], from which `unit` came. The order of the questions matters: a set
/// in another office's name is refused before anything is said about its content or about its receiver.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn address(
    sender: &Office,
    receiver: Option<&Office>,
    unit: &Unit,
    files: &[SourceFile<'_>],
) -> Result<Letter, Refusal> {
    decide(sender, receiver, unit, files, unit.accepted)
}

/// The same for a unit of a report, of which it may turn out that everything fits but the people in it: then it is
/// [`Refusal::Unserved`], unless two people of the office have `confirmed` that it is meant so.
///
/// # Errors
/// The first [`Refusal`] that applies; [`Refusal::Unserved`] comes last.
pub fn address_guarded(
    sender: &Office,
    receiver: Option<&Office>,
    (report, unit): (&Report, usize),
    files: &[SourceFile<'_>],
    confirmed: bool,
) -> Result<Letter, Refusal> {
    let of_report = report.units.get(unit).ok_or(Refusal::NoSet)?;
    let unserved = is_only_unserved(report, unit, files);
    let letter = decide(sender, receiver, of_report, files, of_report.accepted || unserved)?;
    if unserved && !confirmed { Err(Refusal::Unserved) } else { Ok(letter) }
}

fn decide(
    sender: &Office,
    receiver: Option<&Office>,
    unit: &Unit,
    files: &[SourceFile<'_>],
    sound: bool,
) -> Result<Letter, Refusal> {
    if unit.sender != sender.number {
        return Err(Refusal::SenderMismatch);
    }
    if sender.closed {
        return Err(Refusal::SenderClosed);
    }
    let members = || unit.files.iter().map(|&index| files[index]);
    let names: BTreeSet<_> = members().map(|file| file.name).collect();
    if names.len() != unit.files.len() {
        return Err(Refusal::DuplicateMember);
    }
    let (true, Some(kind)) = (sound, unit.kind) else {
        return Err(Refusal::Findings);
    };
    let sender_type = decide_type(unit.sender_type, sender, Refusal::SenderTypeUnregistered)?;
    let receiver = receiver.filter(|office| office.number == unit.receiver).ok_or(Refusal::ReceiverUnknown)?;
    if receiver.closed {
        return Err(Refusal::ReceiverClosed);
    }
    let receiver_type = decide_type(unit.receiver_type, receiver, Refusal::ReceiverTypeUnregistered)?;
    Ok(Letter {
        kind,
        serial: unit.serial,
        sender: unit.sender,
        sender_type,
        receiver: unit.receiver,
        receiver_type,
        service_month: unit.service_month(),
        files: unit.files.clone(),
        digest: Digest::of_set(members()),
    })
}

/// Names of edition 3.x carry no service type; then the register decides, if it can.
fn decide_type(named: Option<ServiceType>, office: &Office, unregistered: Refusal) -> Result<ServiceType, Refusal> {
    match named {
        Some(named) if office.service_types.contains(&named) => Ok(named),
        Some(_) => Err(unregistered),
        None => {
            let mut types = office.service_types.iter();
            match (types.next(), types.next()) {
                (Some(only), None) => Ok(*only),
                _ => Err(Refusal::TypeUndecided),
            }
        }
    }
}
