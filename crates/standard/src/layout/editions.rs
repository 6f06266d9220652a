//! 版 — the editions this crate can read, as data. How a further one is added stands in `docs/editions.md`.

use super::{
    Layout, dlt1kyo, dltjsk, dltkihon, dltplan, dltyobo, up1kyo, up2kyo, up3kyo, uphosoku, upjsk, upkihon,
    upkihon_sub1, upkihon_sub2, upplan, upsikyu, upyobo, upyobo_sub,
};
use crate::ServiceMonth;

/// CSVバージョン — an edition this crate can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edition {
    /// 版3, 3.1, 3.2.
    V202208,
    /// 版4.0: the columns of 4.1, replaced before it applied.
    V202504,
    /// 版4.1, the one to write.
    V202407,
    /// An edition that does not exist, to show that one can be added.
    #[cfg(test)]
    Invented,
}

/// 版の一行 — what is to be known of an edition.
#[derive(Debug)]
pub struct EditionEntry {
    /// The edition.
    pub edition: Edition,
    /// The value written into column 1.
    pub csv_version: &'static str,
    /// The first service month it applies to.
    pub applies_from: ServiceMonth,
    /// The first it no longer applies to.
    pub applies_until: Option<ServiceMonth>,
    /// What V26 says of it, where it is not the edition to write.
    pub remark: Option<&'static str>,
    /// The edition whose columns these are: itself, or the one it only renamed.
    pub columns_of: Edition,
    /// The tables of its files, one for each kind it has.
    pub layouts: &'static [&'static Layout],
}

/// The editions, the one to write first.
pub static EDITIONS: &[EditionEntry] = &[
    EditionEntry {
        edition: Edition::V202407,
        csv_version: "202407",
        applies_from: ServiceMonth::EDITION_4,
        applies_until: None,
        remark: None,
        columns_of: Edition::V202407,
        layouts: &[
            &uphosoku::V202407,
            &up1kyo::V202407,
            &dlt1kyo::V202407,
            &up2kyo::V202407,
            &up3kyo::V202407,
            &upplan::V202407,
            &upjsk::V202407,
            &dltplan::V202407,
            &dltjsk::V202407,
            &upsikyu::V202407,
            &upkihon::V202407,
            &upkihon_sub1::V202407,
            &upkihon_sub2::V202407,
            &dltkihon::V202407,
            &upyobo::V202407,
            &upyobo_sub::V202407,
            &dltyobo::V202407,
        ],
    },
    EditionEntry {
        edition: Edition::V202504,
        csv_version: "202504",
        applies_from: ServiceMonth::EDITION_4,
        applies_until: None,
        remark: Some("版4.0（202504）です。4.1と同じ項目として読みます"),
        columns_of: Edition::V202407,
        layouts: &[
            &uphosoku::V202504,
            &up1kyo::V202504,
            &dlt1kyo::V202504,
            &up2kyo::V202504,
            &up3kyo::V202504,
            &upplan::V202504,
            &upjsk::V202504,
            &dltplan::V202504,
            &dltjsk::V202504,
            &upsikyu::V202504,
            &upkihon::V202504,
            &upkihon_sub1::V202504,
            &upkihon_sub2::V202504,
            &dltkihon::V202504,
            &upyobo::V202504,
            &upyobo_sub::V202504,
            &dltyobo::V202504,
        ],
    },
    EditionEntry {
        edition: Edition::V202208,
        csv_version: "202208",
        applies_from: ServiceMonth::EDITION_3,
        applies_until: Some(ServiceMonth::EDITION_4),
        remark: Some("版3.x（202208）です。古い項目の並びで読みます"),
        columns_of: Edition::V202208,
        layouts: &[
            &uphosoku::V202208,
            &up1kyo::V202208,
            &dlt1kyo::V202208,
            &up2kyo::V202208,
            &upplan::V202208,
            &upjsk::V202208,
            &dltplan::V202208,
            &dltjsk::V202208,
            &upsikyu::V202208,
        ],
    },
    #[cfg(test)]
    tests::INVENTED,
];

impl Edition {
    /// The edition with this CSVバージョン. The values are not in order of time, so there is no comparison.
    pub fn from_csv_version(value: &[u8]) -> Option<Edition> {
        EDITIONS.iter().find(|entry| entry.csv_version.as_bytes() == value).map(|entry| entry.edition)
    }

    /// Its row of the table.
    pub fn entry(self) -> &'static EditionEntry {
        EDITIONS.iter().find(|entry| entry.edition == self).unwrap_or(&EDITIONS[0])
    }

    /// The value written into column 1.
    pub fn csv_version(self) -> &'static str {
        self.entry().csv_version
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Column, Form, Length, Required};
    use crate::{FileKind, Profile, SourceFile, check, json, layout};

    /// 第6表 with a column more, and its delete as it was: all there is to say of an edition.
    pub(super) const INVENTED: EditionEntry = EditionEntry {
        edition: Edition::Invented,
        csv_version: "209904",
        applies_from: ServiceMonth::EDITION_2099,
        applies_until: None,
        remark: None,
        columns_of: Edition::Invented,
        layouts: &[
            &Layout { kind: FileKind::Upjsk, edition: Edition::Invented, columns: &COLUMNS },
            &Layout { kind: FileKind::Dltjsk, edition: Edition::Invented, columns: dltjsk::V202407.columns },
        ],
    };

    const COLUMNS: [Column; 26] = {
        let mut columns = [Column {
            number: 26,
            name: "見本の項目",
            ident: "example",
            form: Form::Integer,
            length: Length::Max(2),
            required: Required::No,
            codes: None,
        }; 26];
        let mut at = 0;
        while at < 25 {
            columns[at] = upplan::COLUMNS[at];
            at += 1;
        }
        columns
    };

    const ROW: &str = "209904,131016,0000000001,20990501,209904,1370000001,\"\",250,,20990401,,0900,1000,1,111111,,,\"\",,1370000002,\"\",,0,1370000002,,7\r\n";

    fn codes(month: &str, row: &str) -> Vec<(&'static str, Option<u16>)> {
        let name = format!("UPJSK_{month}_1370000002_11_1370000001_43_20990501093000.CSV");
        let report = check(&[SourceFile { name: &name, bytes: row.as_bytes() }], Profile::Export);
        report.findings.iter().map(|finding| (finding.rule.code, finding.place.column)).collect()
    }

    #[test]
    fn an_edition_is_added_as_data() {
        assert_eq!(codes("209904", ROW), []);
        assert_eq!(codes("209904", &ROW.replace(",7\r", ",777\r")), [("V35", Some(26))], "its own column is checked");
        assert_eq!(codes("209904", &ROW.replace(",7\r", "\r")), [("V21", None)], "and has to be there");
        assert_eq!(codes("209904", &ROW.replacen("131016", "13101", 1)), [("V31", Some(2))], "the others as ever");
        let early = ROW.replace("209904,1370000001", "209903,1370000001").replace("20990401", "20990301");
        assert_eq!(codes("209903", &early), [("V27", None)], "not before its time");
        let schedule = layout(FileKind::Upplan, Edition::Invented);
        assert!(schedule.is_none(), "what it does not have is not read");
    }

    #[test]
    fn an_added_edition_has_a_canonical_form() {
        let name = "UPJSK_209904_1370000002_11_1370000001_43_20990501093000.CSV";
        let text = json::to_json(&[SourceFile { name, bytes: ROW.as_bytes() }]).expect("a conforming file");
        assert!(text.contains("\"example\": 7"), "{text}");
        let files = json::from_json(&text).expect("what was written");
        assert_eq!(files[0].bytes, ROW.as_bytes());
        assert!(json::schema().contains("UPJSK_209904"));
    }

    #[test]
    fn every_edition_is_told_by_its_value_and_has_each_kind_once() {
        for entry in EDITIONS {
            assert_eq!(Edition::from_csv_version(entry.csv_version.as_bytes()), Some(entry.edition));
            for layout in entry.layouts {
                assert_eq!(layout.edition, entry.edition);
                assert_eq!(entry.layouts.iter().filter(|other| other.kind == layout.kind).count(), 1);
            }
            let whole = entry.layouts.len() + usize::from(entry.columns_of == Edition::V202407);
            assert!(entry.columns_of != Edition::V202407 || whole == FileKind::ALL.len(), "all but the picture");
        }
        assert_eq!(Edition::from_csv_version(b"202410"), None);
    }
}
