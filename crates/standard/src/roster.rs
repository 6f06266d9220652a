//! 名簿 — how the people of a set are called in it.

use crate::value::{PersonKey, Private, Sheet, Value};
use crate::{FileKind, SourceFile, name};
use std::collections::BTreeMap;

/// 氏名とフリガナ — as the sheets write them; blank where none does. `Debug` prints nothing of them.
#[derive(Debug, Clone, Default)]
pub struct Called {
    /// 利用者氏名.
    pub name: Private<String>,
    /// 利用者氏名フリガナ.
    pub kana: Private<String>,
}

impl Called {
    /// Whether any sheet names them at all.
    pub fn is_named(&self) -> bool {
        !self.name.reveal().is_empty()
    }
}

/// Everybody whom these files name. A later row does not unname whom an earlier one has named.
pub fn roster(files: &[SourceFile<'_>]) -> BTreeMap<PersonKey, Called> {
    let mut people: BTreeMap<PersonKey, Called> = BTreeMap::new();
    for file in files {
        let Some(kind) = name::parse(file.name).ok().map(|name| name.kind).filter(|kind| is_naming(*kind)) else {
            continue;
        };
        let Some(sheet) = Sheet::new(kind, file.bytes) else { continue };
        sheet.rows(|row| {
            let Some(person) = row.person() else { return };
            let text = |ident: &str| match row.value(ident) {
                Some(Value::Text(text)) => text.reveal().trim().to_owned(),
                _ => String::new(),
            };
            let called = people.entry(person).or_default();
            if !called.is_named() {
                called.name = Private::new(text("person_name"));
            }
            if called.kana.reveal().is_empty() {
                called.kana = Private::new(text("person_name_kana"));
            }
        });
    }
    people
}

/// The files with a column for the name beside the two numbers.
const fn is_naming(kind: FileKind) -> bool {
    matches!(kind, FileKind::Uphosoku | FileKind::Upkihon | FileKind::Upyobo)
}
