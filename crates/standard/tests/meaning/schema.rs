//! The samples of all fifteen sets against the published schema.
//!
//! A validator of JSON Schema is many crates; the published schema needs a dozen keywords. This judges just those and refuses
//! any other, so that a keyword cannot be written into the schema and silently mean nothing.

use crate::{file, kinds, set, sources};
use fumibako_standard::json::{schema, to_json};
use serde_json::{Value, json};

struct Validator {
    root: Value,
}

impl Validator {
    fn new() -> Validator {
        Validator { root: serde_json::from_str(&schema()).expect("the schema is JSON") }
    }

    fn accepts(&self, value: &Value) -> bool {
        self.judge(&self.root, value)
    }

    fn judge(&self, schema: &Value, value: &Value) -> bool {
        let schema = match schema {
            Value::Bool(all) => return *all,
            Value::Object(schema) => schema,
            other => panic!("no schema: {other}"),
        };
        let all =
            |schemas: &Value| schemas.as_array().unwrap().iter().map(|one| self.judge(one, value)).collect::<Vec<_>>();
        schema.iter().all(|(keyword, rule)| match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "contentEncoding" | "then" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').expect("a reference inside");
                self.judge(self.root.pointer(pointer).expect("a definition"), value)
            }
            "type" => match rule {
                Value::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
                kind => is(kind, value),
            },
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "anyOf" => all(rule).contains(&true),
            "allOf" => !all(rule).contains(&false),
            "if" => !self.judge(rule, value) || schema.get("then").is_none_or(|then| self.judge(then, value)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "minProperties" => value.as_object().is_none_or(|all| all.len() as u64 >= rule.as_u64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text)),
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| self.judge(rule, item))),
            "properties" => value.as_object().is_none_or(|members| {
                let rules = rule.as_object().unwrap();
                members.iter().all(|(name, value)| rules.get(name).is_none_or(|rule| self.judge(rule, value)))
            }),
            "required" => value.as_object().is_none_or(|members| {
                rule.as_array().unwrap().iter().all(|name| members.contains_key(name.as_str().unwrap()))
            }),
            "additionalProperties" => value.as_object().is_none_or(|members| {
                assert_eq!(rule, &json!(false));
                members.keys().all(|name| schema["properties"].get(name).is_some())
            }),
            other => panic!("a keyword this does not judge: {other}"),
        })
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type: {other}"),
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let digits = |count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let code = |count: usize| {
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    };
    match pattern {
        "^[0-9]{14}$" => digits(14),
        "^[0-9]{6}$" => digits(6),
        "^[0-9A-Z]{10}$" => code(10),
        "^[0-9A-Z]{2}$" => code(2),
        "^([0-9a-f]{2})+$" => {
            !text.is_empty()
                && text.len().is_multiple_of(2)
                && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }
        other => panic!("a pattern this does not judge: {other}"),
    }
}

#[test]
fn samples_of_all_fifteen_sets_fit_the_schema() {
    let validator = Validator::new();
    for kind in kinds() {
        for seed in 0..4 {
            let text = to_json(&sources(&set(kind, seed, 5))).unwrap();
            assert!(validator.accepts(&serde_json::from_str(&text).unwrap()), "{}", kind.id());
        }
    }
}

#[test]
fn strange_files_fit_the_schema() {
    let validator = Validator::new();
    for (name, text) in [
        ("DLTPLAN_202604_0300000100_0300000005_20260401090000.CSV", "版,a\n\n\"202208\",131016,0000000001,202604"),
        ("UPPLAN_202304_0300000100_0300000005_20230401090000.CSV", "202208,,,,,,,-007,,,,,,1,,,,,,,,\r\n"),
        ("UP3KYO_0300000100_43_0300000005_11_20260401090000.CSV", ""),
    ] {
        let text = to_json(&sources(&[file(name, text)])).unwrap();
        assert!(validator.accepts(&serde_json::from_str(&text).unwrap()), "{text}");
    }
}

#[test]
fn what_is_no_such_document_does_not_fit() {
    let validator = Validator::new();
    let text = to_json(&sources(&set(fumibako_standard::UnitKind::Actual, 1, 1))).unwrap();
    let good: Value = serde_json::from_str(&text).unwrap();
    assert!(validator.accepts(&good));
    let changes: [fn(&mut Value); 9] = [
        |json| json["format"] = json!("fumibako-set/2"),
        |json| json["files"] = json!([]),
        |json| json["more"] = json!(1),
        |json| json["unit"]["serial"] = json!("2026"),
        |json| json["files"][0]["kind"] = json!("UPPLAN2"),
        |json| json["files"][0]["rows"][0]["units"] = json!(1.5),
        |json| json["files"][0]["rows"][0]["insured_no"] = json!(1),
        |json| json["files"][0]["rows"][0]["insured_no"] = json!({"text": "1"}),
        |json| drop(json["files"][0]["rows"][0].as_object_mut().unwrap().remove("units")),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(!validator.accepts(&bad), "change {index}");
    }
}
