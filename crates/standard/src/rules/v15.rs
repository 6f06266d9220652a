//! V15: 画像ファイル名 — each names a file of the unit, and each image is named by one row.

use super::example::{basic, bytes, centre, text};
use super::{Needs, OnImport, Rule};
use crate::Severity;
use std::collections::BTreeMap;

/// 画像ファイル名
pub const RULE: Rule = Rule {
    code: "V15",
    clause: "別紙 補足 「1行に対して、1ファイル」",
    severity: Severity::Error,
    on_import: OnImport::Same,
    what: "利用者基本情報に書かれた画像のファイル名と、一緒に送る画像が合っていません。",
    fix: "利用者基本情報と画像を、一度の操作で書き出し直してください。",
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
        text!(centre!("UPKIHON"), basic!()),
        bytes!(
            "UPKIHON_IMAGE_1370000003_46_1370000002_A2_20260320093000_0001.jpg",
            b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\xFF\xD9"
        ),
    ],
};

/// How often each image of the unit is named, and which names have no image.
pub(crate) fn count<'n>(named: &[&[u8]], images: &[&'n str]) -> (Vec<(&'n str, usize)>, Vec<usize>) {
    let mut counts: BTreeMap<String, usize> = images.iter().map(|image| (image.to_ascii_lowercase(), 0)).collect();
    let mut without = Vec::new();
    for (index, name) in named.iter().enumerate() {
        let key = String::from_utf8_lossy(name).to_ascii_lowercase();
        match counts.get_mut(&key) {
            Some(count) => *count += 1,
            None => without.push(index),
        }
    }
    let of = |image: &&'n str| (*image, counts.get(&image.to_ascii_lowercase()).copied().unwrap_or(0));
    (images.iter().map(of).collect(), without)
}
