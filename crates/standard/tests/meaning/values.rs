use crate::{file, kinds, set};
use fumibako_standard::value::{
    CareLevel, CareLevelKihon, Date, DayMask, Decimal, LineKind, Private, ServiceCode, Sheet, SupportLevel, Tais, Time,
    Value,
};
use fumibako_standard::{Edition, FileKind, FileName, layout};
use proptest::prelude::*;
use std::borrow::Cow;

fn read(kind: FileKind, ident: &str, text: &str) -> Value<'static> {
    let column = layout(kind, Edition::V202407).and_then(|layout| layout.column(ident)).expect("a known column");
    let bytes = fumibako_standard::write::ms932(text).expect("MS932 text");
    Value::read(column, Cow::Owned(bytes))
}

#[test]
fn every_cell_of_every_sample_has_a_value() {
    for kind in kinds() {
        for sample in set(kind, 7, 40) {
            let name: FileName = sample.name.parse().unwrap();
            if name.kind == FileKind::UpkihonImage {
                continue;
            }
            let sheet = Sheet::new(name.kind, &sample.bytes).expect("a current edition");
            let mut rows = 0;
            let passed_over = sheet.rows(|row| {
                rows += 1;
                assert!(row.person().is_some());
                for (column, value) in row.values() {
                    assert!(!value.is_unreadable(), "{:?} {} {value:?}", name.kind, column.ident);
                }
            });
            assert_eq!(passed_over, 0);
            assert!(rows > 0);
        }
    }
}

#[test]
fn the_three_codings_of_the_care_level_are_three_types() {
    assert_eq!(read(FileKind::Uphosoku, "care_level", "12"), Value::CareLevel(CareLevel::Support1));
    assert_eq!(read(FileKind::Upkihon, "care_level", "12"), Value::CareLevelKihon(CareLevelKihon::Support1));
    assert_eq!(read(FileKind::Upyobo, "support_level", "1"), Value::SupportLevel(SupportLevel::Support1));
    assert!(read(FileKind::Upkihon, "care_level", "06").is_unreadable(), "事業対象者 is no level of 利用者基本情報");
    assert!(read(FileKind::Uphosoku, "care_level", "01").is_unreadable());
    let labels: Vec<&str> = CareLevel::ALL.iter().map(|level| level.label()).collect();
    assert_eq!(labels.first(), Some(&"事業対象者"));
    assert_eq!(labels.last(), Some(&"要介護５"));
    assert_eq!(SupportLevel::Community.label(), "地域支援事業");
}

#[test]
fn times_are_of_the_day_or_none() {
    for (text, time) in [("0000", "00:00"), ("0930", "09:30"), ("2400", "24:00"), ("9999", "--:--")] {
        assert_eq!(read(FileKind::Upplan, "end_time", text).time().unwrap().to_string(), time);
    }
    for text in ["2401", "0960", "930", "09:30", "99990"] {
        assert!(read(FileKind::Upplan, "start_time", text).is_unreadable(), "{text}");
    }
    assert_eq!(Time::from_bytes(b"2400").unwrap().minutes(), Some(1440));
    assert_eq!(Time::Without.minutes(), None);
}

#[test]
fn dates_and_months_are_real_or_say_that_they_are_not() {
    assert_eq!(read(FileKind::Upplan, "service_date", "20240229").date().unwrap().to_string(), "2024-02-29");
    assert!(read(FileKind::Upplan, "service_date", "20260229").is_unreadable());
    assert!(read(FileKind::Upplan, "target_month", "202613").is_unreadable());
    assert_eq!(read(FileKind::Uphosoku, "care_plan_date", "00000000"), Value::Unlinked);
    assert_eq!(read(FileKind::Uphosoku, "target_month", "000000"), Value::Unlinked);
    assert!(read(FileKind::Up1kyo, "created_on", "00000000").is_unreadable());
}

#[test]
fn day_masks_are_sets_of_days() {
    let mask = read(FileKind::Upplan, "prorated_days", "1000000000000000000000000000001").days().unwrap();
    assert_eq!(mask.days().collect::<Vec<_>>(), [1, 31]);
    assert_eq!(mask.union(DayMask::default().with(5)).count(), 3);
    assert_eq!(mask.without(mask), DayMask::default());
    assert!(read(FileKind::Upplan, "prorated_days", "10").is_unreadable());
    assert_eq!(read(FileKind::Upplan, "prorated_days", ""), Value::Empty);
}

#[test]
fn units_are_integers_padded_or_negative_and_prices_are_exact() {
    assert_eq!(read(FileKind::Upplan, "units", "00250").integer(), Some(250));
    assert_eq!(read(FileKind::Upplan, "units", "-376").integer(), Some(-376));
    assert!(read(FileKind::Upplan, "units", "1.5").is_unreadable());
    assert!(read(FileKind::Upplan, "units", "-").is_unreadable());
    let price = |text: &str| Decimal::from_bytes(text.as_bytes()).map(Decimal::hundredths);
    assert_eq!(price("10.14"), Some(1014));
    assert_eq!(price("10.1"), Some(1010));
    assert_eq!(price("11"), Some(1100));
    assert_eq!(price("10.145"), None);
    assert_eq!(price(".5"), None);
    assert_eq!(read(FileKind::Upsikyu, "unit_price", "11.40"), Value::Decimal(Decimal::from_bytes(b"11.40").unwrap()));
}

#[test]
fn codes_carry_their_meaning_in_japanese() {
    assert_eq!(read(FileKind::Up3kyo, "weekday", "3").label(), Some("水曜日"));
    assert_eq!(read(FileKind::Upplan, "over_30_days", "1").label(), Some("該当"));
    assert_eq!(read(FileKind::Dltjsk, "service_type", "11").label(), Some("訪問介護"));
    assert_eq!(read(FileKind::Uphosoku, "frame9_service_type", "22").service_type().unwrap().as_str(), "22");
    assert!(read(FileKind::Up3kyo, "weekday", "8").is_unreadable());
}

#[test]
fn tais_codes_are_read_with_any_hyphen() {
    let regular = Tais::of("00170-000084");
    for text in ["00170－000084", "00170‐000084", "００１７０−０００084", "00170ー000084"] {
        assert_eq!(Tais::of(text), regular, "{text}");
    }
    assert!(regular.is_regular());
    assert!(!Tais::of("00170000084").is_regular(), "kept, not refused");
}

#[test]
fn lines_of_the_seventh_sheet_are_told_apart_by_their_codes() {
    let kind = |code: &str| ServiceCode::from_bytes(code.as_bytes()).unwrap().line_kind();
    assert_eq!(kind("111111"), LineKind::Detail);
    assert_eq!(kind("11AAAA"), LineKind::Inside);
    assert_eq!(kind("A2EEEE"), LineKind::Outside);
    assert_eq!(kind("21ZZZZ"), LineKind::Beyond30Days);
    assert_eq!(kind("999999"), LineKind::Total);
}

#[test]
fn debug_prints_nothing_of_a_person() {
    let name = "UPHOSOKU_202604_0300000100_43_0300000005_11_20260401090000.CSV";
    let cells = ["202407", "131016", "H123456789", "00000000", "\"カナリア\"", "\"鳥羽\"", "1", "19390714"];
    let text = format!("{}{}202604\r\n", cells.join(","), ",".repeat(63 - cells.len()));
    let file = file(name, &text);
    let mut said = String::new();
    let passed_over = Sheet::new(FileKind::Uphosoku, &file.bytes).unwrap().rows(|row| {
        for (_, value) in row.values() {
            said += &format!("{value:?}");
        }
        said += &format!("{:?} {:?}", row.person(), Private::new("鳥羽"));
    });
    assert_eq!(passed_over, 0);
    assert!(said.contains("BirthDate(..)") && said.contains("Private(..)"));
    for secret in ["鳥羽", "カナリア", "H123456789", "1939", "131016"] {
        assert!(!said.contains(secret));
    }
    assert_eq!(Private::new(Date::from_bytes(b"19390714")).reveal().map(Date::year), Some(1939));
}

#[test]
fn broken_records_are_counted_and_headers_are_not() {
    let text = "版,保険者,被保険者,年月\r\n202407,131016,0000000001,202604\r\n\r\n202407,131016\r\n202208,131016,0000000001,202604\r\n";
    let file = file("DLTPLAN_202604_0300000100_43_0300000005_11_20260401090000.CSV", text);
    let mut numbers = Vec::new();
    let passed_over = Sheet::new(FileKind::Dltplan, &file.bytes).unwrap().rows(|row| numbers.push(row.number()));
    assert_eq!((numbers.as_slice(), passed_over), (&[2][..], 3));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_column_are_a_value(which in 0..18usize, bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let Some(layout) = layout(FileKind::ALL[which], Edition::V202407) else { return Ok(()) };
        for column in layout.columns {
            let value = Value::read(column, Cow::Borrowed(&bytes));
            prop_assert_eq!(value.is_empty(), bytes.is_empty());
        }
    }
}
