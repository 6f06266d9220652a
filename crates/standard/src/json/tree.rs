//! JSON as it is read: members stay in order, a member that stands twice is a fault, numbers are integers or nothing.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is no integer of 64 bits.
    OtherNumber,
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    pub(super) fn member(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn text(text: impl Into<String>) -> Tree {
        Tree::Text(text.into())
    }

    pub(super) fn object<const N: usize>(members: [(&str, Tree); N]) -> Tree {
        Tree::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(Builder)
    }
}

struct Builder;

/// What the parser says when a member stands twice.
pub(super) const TWICE: &str = "a member stands twice";

impl<'de> Visitor<'de> for Builder {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(i64::try_from(value).map_or(Tree::OtherNumber, Tree::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::OtherNumber)
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::text(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Tree::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(entry) = entries.next_entry::<String, Tree>()? {
            members.push(entry);
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(A::Error::custom(TWICE));
        }
        Ok(Tree::Object(members))
    }
}

/// A text as a JSON string.
pub(super) fn quote(text: &str, out: &mut String) {
    out.push('"');
    if !text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F)) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{0}'..='\u{1F}' => out.push_str(&format!("\\u{:04x}", character as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// On one line.
pub(super) fn compact(tree: &Tree, out: &mut String) {
    match tree {
        Tree::Null | Tree::OtherNumber => out.push_str("null"),
        Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Tree::Integer(value) => out.push_str(&value.to_string()),
        Tree::Text(text) => quote(text, out),
        Tree::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                compact(item, out);
            }
            out.push(']');
        }
        Tree::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                quote(name, out);
                out.push(':');
                compact(value, out);
            }
            out.push('}');
        }
    }
}

/// Over several lines, short parts on one.
pub(super) fn pretty(tree: &Tree, depth: usize, out: &mut String) {
    const WIDTH: usize = 100;
    let mut line = String::new();
    compact(tree, &mut line);
    let indent = "  ".repeat(depth + 1);
    match tree {
        Tree::Array(items) if line.len() > WIDTH => {
            out.push_str("[\n");
            for (index, item) in items.iter().enumerate() {
                out.push_str(&indent);
                pretty(item, depth + 1, out);
                out.push_str(if index + 1 < items.len() { ",\n" } else { "\n" });
            }
            out.push_str(&"  ".repeat(depth));
            out.push(']');
        }
        Tree::Object(members) if line.len() > WIDTH => {
            out.push_str("{\n");
            for (index, (name, value)) in members.iter().enumerate() {
                out.push_str(&indent);
                quote(name, out);
                out.push_str(": ");
                pretty(value, depth + 1, out);
                out.push_str(if index + 1 < members.len() { ",\n" } else { "\n" });
            }
            out.push_str(&"  ".repeat(depth));
            out.push('}');
        }
        _ => out.push_str(&line),
    }
}

/// Where two trees first differ, members in whatever order.
pub(super) fn first_difference(a: &Tree, b: &Tree, path: &str) -> Option<String> {
    match (a, b) {
        (Tree::Object(members), Tree::Object(others)) => {
            if let Some((name, _)) = others.iter().find(|(name, _)| a.member(name).is_none()) {
                return Some(format!("{path}.{}", plain(name)));
            }
            members.iter().find_map(|(name, value)| {
                let path = format!("{path}.{}", plain(name));
                match b.member(name) {
                    Some(other) => first_difference(value, other, &path),
                    None => Some(path),
                }
            })
        }
        (Tree::Array(items), Tree::Array(others)) => {
            let found = items
                .iter()
                .zip(others)
                .enumerate()
                .find_map(|(index, (item, other))| first_difference(item, other, &format!("{path}[{index}]")));
            found.or_else(|| (items.len() != others.len()).then(|| path.to_owned()))
        }
        _ => (a != b).then(|| path.to_owned()),
    }
}

/// A member's name where it may be repeated in a message: only what looks like an identifier.
pub(super) fn plain(name: &str) -> &str {
    let identifier = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if identifier { name } else { "?" }
}
