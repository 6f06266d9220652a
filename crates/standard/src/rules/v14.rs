//! V14: 家族構成の画像 — a branch of four digits, and a JPEG.

use super::example::{basic, bytes, centre, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;

/// 家族構成の画像
pub const RULE: Rule = Rule {
    code: "V14",
    clause: "UPKIHON.62",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "家族構成の画像の枝番が4桁の数字でないか、中身がJPEG画像ではありません。",
    fix: "画像をJPEG形式にして、介護ソフトから書き出し直してください。",
    shown_as: None,
    needs: Needs::Nothing,
    good: &[
        text!(centre!("UPKIHON"), basic!("1", "UPKIHON_IMAGE_1370000003_46_1370000002_A2_20260320093000_0001.jpg")),
        bytes!(
            "UPKIHON_IMAGE_1370000003_46_1370000002_A2_20260320093000_0001.jpg",
            b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\xFF\xD9"
        ),
    ],
    bad: &[
        text!(centre!("UPKIHON"), basic!("1", "UPKIHON_IMAGE_1370000003_46_1370000002_A2_20260320093000_0001.jpg")),
        bytes!("UPKIHON_IMAGE_1370000003_46_1370000002_A2_20260320093000_0001.jpg", b"\x89PNG\r\n"),
    ],
};

/// Bytes that show it.
pub(crate) const START: usize = 3;

/// JPEG files begin with these bytes.
pub(crate) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xFF\xD8\xFF")
}
