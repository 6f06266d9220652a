//! The tables against the machine-readable reference, where it lies beside the workspace.

use fumibako_standard::layout::{Form, Length, Required, codes};
use fumibako_standard::service_type::{CARE_MANAGER_TYPES, SERVICE_TYPES, Scheme};
use fumibako_standard::unit::UNITS;
use fumibako_standard::{Column, Edition, FileKind, layout, name};
use serde_json::Value;

/// The reference; none where it is not at hand.
fn reference() -> Option<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/spec/careplan-202407.json");
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).expect("the reference is JSON"))
}

fn kind(id: &str) -> FileKind {
    FileKind::ALL.into_iter().find(|kind| kind.id() == id).unwrap_or_else(|| panic!("{id}"))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn form(text: &str) -> Form {
    match text {
        "text" => Form::Text,
        "integer" => Form::Integer,
        "code" => Form::Code,
        "date_ymd" => Form::Date,
        "digits" => Form::Digits,
        "insurer_no" => Form::Insurer,
        "insured_no" => Form::Insured,
        "office_no" => Form::Office,
        "flag" => Form::Flag,
        "phone" => Form::Phone,
        "time_hm" => Form::Time,
        "month_ym" => Form::Month,
        "postal_code" => Form::PostalCode,
        "service_code" => Form::ServiceCode,
        "day_mask" => Form::DayMask,
        "decimal" => Form::Decimal,
        other => panic!("{other}"),
    }
}

fn length(column: &Value) -> Length {
    let number = |key: &str| column.get(key).and_then(Value::as_u64).map(|number| number as u16);
    match (number("printed_length"), number("length"), text(&column["length_kind"])) {
        (Some(printed), Some(length), _) => Length::Printed(printed, length),
        (None, Some(length), "exact") => Length::Exact(length),
        (None, Some(length), _) => Length::Max(length),
        _ => Length::Free,
    }
}

fn required(column: &Value) -> Required {
    match (&column["required"], text(&column["confidence"])) {
        (Value::Bool(true), "inferred") => Required::Inferred,
        (Value::Bool(true), _) => Required::Yes,
        (Value::Bool(false), _) => Required::No,
        _ => Required::Conditional,
    }
}

fn compare(file: &str, column: &Column, expected: &Value) {
    assert_eq!(column.name, text(&expected["name"]), "{file}.{}", column.number);
    assert_eq!(column.ident, text(&expected["ident"]), "{file}.{}", column.number);
    assert_eq!(column.form, form(text(&expected["type"])), "{file}.{}", column.number);
    assert_eq!(column.required, required(expected), "{file}.{}", column.number);
    let table = expected.get("code_table").and_then(Value::as_str);
    assert_eq!(column.codes.map(|codes| codes.ident), table, "{file}.{}", column.number);
}

#[test]
fn every_column_of_4_1_is_as_in_the_reference() {
    let Some(reference) = reference() else { return };
    let files = list(&reference["files"]);
    assert_eq!(files.len(), FileKind::ALL.len());
    for file in files {
        let id = text(&file["id"]);
        let kind = kind(id);
        assert_eq!(kind.label(), text(&file["name"]));
        assert_eq!(kind.has_month(), text(&file["file_name"]["pattern"]).contains("{month}"), "{id}");
        let columns = file.get("columns").and_then(Value::as_array).cloned().unwrap_or_default();
        for edition in [Edition::V202407, Edition::V202504] {
            let Some(layout) = layout(kind, edition) else {
                assert_eq!(kind, FileKind::UpkihonImage);
                continue;
            };
            assert_eq!((layout.kind, layout.edition), (kind, edition));
            assert_eq!(layout.columns.len(), columns.len(), "{id}");
            for (index, (column, expected)) in layout.columns.iter().zip(&columns).enumerate() {
                assert_eq!(usize::from(column.number), index + 1);
                assert_eq!(u64::from(column.number), expected["no"].as_u64().expect("a number"));
                assert_eq!(column.length, length(expected), "{id}.{}", column.number);
                compare(id, column, expected);
            }
        }
    }
}

#[test]
fn every_column_of_3_x_is_as_in_the_reference() {
    let Some(reference) = reference() else { return };
    let legacy = &reference["legacy"]["202208"];
    let present: Vec<&str> = list(&legacy["files_present"]).iter().map(text).collect();
    for kind in FileKind::ALL {
        assert_eq!(layout(kind, Edition::V202208).is_some(), present.contains(&kind.id()), "{}", kind.id());
        assert_eq!(kind.in_edition_3(), present.contains(&kind.id()));
    }
    let changed = [("UPPLAN", "UPPLAN/UPJSK"), ("UPJSK", "UPPLAN/UPJSK"), ("UPSIKYU", "UPSIKYU")];
    for (id, entry) in changed {
        let entry = &legacy["changed"][entry];
        let layout = layout(kind(id), Edition::V202208).expect("a layout");
        let file = list(&reference["files"]).iter().find(|file| file["id"] == id).expect("the file");
        let columns = list(&entry["columns"]);
        assert_eq!(layout.columns.len(), columns.len());
        for (column, old) in layout.columns.iter().zip(columns) {
            assert_eq!(u64::from(column.number), old["no"].as_u64().expect("a number"));
            let now = list(&file["columns"]).iter().find(|now| now["no"] == old["no_in_202407"]).expect("the column");
            compare(id, column, now);
            let differs = entry.get("length_differences").and_then(Value::as_array).into_iter().flatten();
            match differs.into_iter().find(|difference| difference["ident"] == old["ident"]) {
                Some(difference) if difference.get("note").is_some() => {
                    assert_eq!(column.length, Length::Printed(2, 5))
                }
                Some(difference) => {
                    assert_eq!(column.length, Length::Max(difference["length"].as_u64().expect("a number") as u16));
                }
                None => assert_eq!(column.length, length(now), "{id}.{}", column.number),
            }
        }
    }
    for id in ["UPHOSOKU", "UP1KYO", "UP2KYO", "DLT1KYO", "DLTPLAN", "DLTJSK"] {
        let count = |edition| layout(kind(id), edition).map(|layout| layout.columns.len());
        assert_eq!(count(Edition::V202208), count(Edition::V202407));
    }
}

#[test]
fn the_code_tables_are_those_of_the_reference() {
    let Some(reference) = reference() else { return };
    let tables = reference["code_tables"].as_object().expect("an object");
    assert_eq!(codes::ALL.len(), tables.len());
    for table in codes::ALL {
        let expected = &tables[table.ident];
        assert_eq!(table.name, text(&expected["name"]));
        let values = expected["values"].as_object().expect("an object");
        assert_eq!(table.values.len(), values.len());
        for (code, meaning) in table.values {
            assert_eq!(text(&values[*code]), *meaning);
            assert_eq!(table.meaning(code.as_bytes()), Some(*meaning));
        }
    }
}

#[test]
fn the_service_types_are_those_of_the_reference() {
    let Some(reference) = reference() else { return };
    let types = list(&reference["service_types"]);
    assert_eq!(SERVICE_TYPES.len(), types.len());
    for (entry, expected) in SERVICE_TYPES.iter().zip(types) {
        assert_eq!(entry.code.as_str(), text(&expected["code"]));
        assert_eq!(entry.name, text(&expected["name"]));
        assert_eq!(Value::Bool(entry.linked), expected["linked"]);
        let scheme = match entry.scheme {
            Scheme::Care => "介護給付",
            Scheme::Prevention => "予防給付",
            Scheme::Municipal => "総合事業",
            Scheme::CareManagement => "",
        };
        assert_eq!(scheme, text(&expected["scheme"]));
        assert_eq!(entry.code.is_linked(), entry.linked, "{}", entry.code);
        assert!(entry.code.is_known());
    }
    let managers = reference["office_types_outside_the_tables"]["codes"].as_object().expect("an object");
    assert_eq!(CARE_MANAGER_TYPES.len(), managers.len());
    for entry in CARE_MANAGER_TYPES {
        assert_eq!(text(&managers[entry.code.as_str()]), entry.name);
    }
}

#[test]
fn the_send_units_are_those_of_the_reference() {
    let Some(reference) = reference() else { return };
    let units = list(&reference["send_units"]);
    assert_eq!(UNITS.len(), units.len());
    for (entry, expected) in UNITS.iter().zip(units) {
        assert_eq!(entry.id, text(&expected["id"]));
        assert_eq!(entry.kind.id(), entry.id);
        assert_eq!(entry.clause, text(&expected["source"]));
        assert_eq!(entry.prevention, text(&expected["scheme"]) == "予防");
        let of = |importance: &str| -> Vec<FileKind> {
            let members = list(&expected["members"]).iter();
            members
                .filter(|member| member["importance"] == importance)
                .map(|member| kind(text(&member["file"])))
                .collect()
        };
        assert_eq!(entry.required, of("required"), "{}", entry.id);
        assert_eq!(entry.optional, of("conditional"), "{}", entry.id);
    }
}

#[test]
fn the_names_of_the_reference_are_read_and_written_back() {
    let Some(reference) = reference() else { return };
    for file in list(&reference["files"]) {
        let names = &file["file_name"];
        let legacy = names.get("legacy_patterns").and_then(Value::as_array).into_iter().flatten();
        let examples = file.get("examples").and_then(Value::as_array).into_iter().flatten();
        let all = std::iter::once(&names["example"]).chain(legacy.map(|old| &old["example"])).chain(examples);
        for example in all.filter_map(Value::as_str) {
            let read = name::parse(example).unwrap_or_else(|fault| panic!("{example}: {fault:?}"));
            assert_eq!(read.kind, kind(text(&file["id"])));
            assert_eq!(read.to_string(), example.replace(".JPG", ".jpg"));
        }
    }
}
