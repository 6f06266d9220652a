use crate::api::{FindingView, TransmissionView};
use crate::problem::Problem;
use exchange::Refusal;
use serde::Serialize;
use standard::Unit;
use store::Transmission;
use utoipa::ToSchema;

use super::Upload;

/// What came of each set of a call.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SendAnswer {
    /// One answer per set, each independent of the others.
    pub sets: Vec<SetAnswer>,
    /// Files whose names belong to no set; nothing was done with them.
    pub strays: Vec<Stray>,
}

/// The answer for one set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetAnswer {
    /// `accepted`: on disk, sealed and recorded. `already`: this very set was accepted before. `refused`: nothing of it was kept.
    pub outcome: &'static str,
    /// ファイル連番 of the set.
    pub serial: String,
    /// 送信先の事業所番号.
    pub receiver: String,
    /// The names of its files.
    pub files: Vec<String>,
    /// The transmission, unless refused.
    pub transmission: Option<TransmissionView>,
    /// Why it was refused.
    pub problem: Option<Problem>,
    /// Warnings that did not stop it.
    pub warnings: Vec<FindingView>,
}

/// A file that belongs to no set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stray {
    /// Its name as it came.
    pub file: String,
    /// Why.
    pub problem: Problem,
}

impl SetAnswer {
    /// Which set; what came of it is not known yet.
    pub(super) fn about(unit: &Unit, files: &[Upload]) -> Self {
        Self {
            outcome: "refused",
            serial: unit.serial.to_string(),
            receiver: unit.receiver.to_string(),
            files: unit.files.iter().map(|&index| files[index].name.clone()).collect(),
            transmission: None,
            problem: None,
            warnings: Vec::new(),
        }
    }

    pub(super) fn accepted(
        self,
        outcome: &'static str,
        transmission: Transmission,
        warnings: Vec<FindingView>,
    ) -> Self {
        Self { outcome, transmission: Some(transmission.into()), warnings, ..self }
    }

    pub(super) fn refused(self, refusal: Refusal, findings: Vec<FindingView>) -> Self {
        Self { problem: Some(Problem::from(refusal).with_findings(findings)), ..self }
    }
}
