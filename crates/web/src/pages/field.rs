//! One field of a form: its label, help, what is wrong with it, and its box, tied together for whoever does not see them.

use askama::Template;
use askama::filters::HtmlSafe;
use std::fmt;

/// What stands beside a field, and in the list above the form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    /// Something is wrong with this field; with the form as a whole when `id` is empty.
    pub(crate) fn add(&mut self, id: &'static str, text: impl Into<String>) {
        self.0.push((id, text.into()));
    }

    pub(crate) fn of(id: &'static str, text: impl Into<String>) -> Self {
        Self(vec![(id, text.into())])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first field with a fault.
    pub(crate) fn first_id(&self) -> &'static str {
        self.0.first().map_or("", |(id, _)| id)
    }

    /// The list above the form, each entry leading to its field.
    pub(crate) fn summary(&self) -> Summary<'_> {
        Summary { heading: "次のところを直してください", list: &self.0 }
    }

    /// What is wrong with one field.
    pub(crate) fn beside(&self, id: &str) -> Option<String> {
        let texts: Vec<_> = self.0.iter().filter(|(of, _)| *of == id).map(|(_, text)| text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }
}

#[derive(Template)]
#[template(path = "faults.html")]
pub(crate) struct Summary<'a> {
    heading: &'static str,
    list: &'a [(&'static str, String)],
}

impl HtmlSafe for Summary<'_> {}

/// A field with its box.
#[derive(Template)]
#[template(path = "field.html")]
pub(crate) struct Field {
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    kind: Kind,
    value: String,
    fault: Option<String>,
    autocomplete: &'static str,
    class: &'static str,
    max: usize,
    optional: bool,
    numeric: bool,
}

impl HtmlSafe for Field {}

enum Kind {
    /// An `input` of this type.
    Box(&'static str),
    Select(Vec<Choice>),
    /// Several lines.
    Area,
    /// A file of these kinds.
    File(&'static str),
}

/// 選択肢.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
}

impl Field {
    fn new(id: &'static str, label: &'static str, kind: Kind) -> Self {
        let (hint, autocomplete, class) = ("", "", "");
        let (value, fault) = (String::new(), None);
        Self { id, label, hint, kind, value, fault, autocomplete, class, max: 200, optional: false, numeric: false }
    }

    pub(crate) fn text(id: &'static str, label: &'static str) -> Self {
        Self { autocomplete: "off", ..Self::new(id, label, Kind::Box("text")) }
    }

    /// A password; never written back into the page. `autocomplete` is `current-password` or `new-password`.
    pub(crate) fn password(id: &'static str, label: &'static str, autocomplete: &'static str) -> Self {
        Self { autocomplete, max: 256, ..Self::new(id, label, Kind::Box("password")) }
    }

    /// Six digits from an authenticator.
    pub(crate) fn one_time_code(id: &'static str, label: &'static str) -> Self {
        let field = Self::new(id, label, Kind::Box("text"));
        Self { autocomplete: "one-time-code", class: "code", max: 12, numeric: true, ..field }
    }

    pub(crate) fn select(id: &'static str, label: &'static str, choices: Vec<Choice>) -> Self {
        Self::new(id, label, Kind::Select(choices))
    }

    pub(crate) fn date(id: &'static str, label: &'static str) -> Self {
        Self::new(id, label, Kind::Box("date"))
    }

    pub(crate) fn area(id: &'static str, label: &'static str, max: usize) -> Self {
        Self { max, ..Self::new(id, label, Kind::Area) }
    }

    pub(crate) fn file(id: &'static str, label: &'static str, accept: &'static str) -> Self {
        Self::new(id, label, Kind::File(accept))
    }

    pub(crate) fn id(&self) -> &'static str {
        self.id
    }

    pub(crate) fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    pub(crate) fn autocomplete(self, autocomplete: &'static str) -> Self {
        Self { autocomplete, ..self }
    }

    pub(crate) fn class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }

    pub(crate) fn numeric(self) -> Self {
        Self { numeric: true, ..self }
    }

    pub(crate) fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    pub(crate) fn value(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    pub(crate) fn faults(self, faults: &Faults) -> Self {
        Self { fault: faults.beside(self.id), ..self }
    }

    fn described(&self) -> Described<'_> {
        Described(self)
    }
}

/// Ties help and fault to the box.
struct Described<'a>(&'a Field);

impl HtmlSafe for Described<'_> {}

impl askama::FastWritable for Described<'_> {
    fn write_into(&self, to: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        write!(to, "{self}").map_err(askama::Error::from)
    }
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Field { id, hint, fault, .. } = self.0;
        match (hint.is_empty(), fault) {
            (true, None) => Ok(()),
            (false, None) => write!(f, " aria-describedby=\"{id}-hint\""),
            (true, Some(_)) => write!(f, " aria-invalid=\"true\" aria-describedby=\"{id}-fault\""),
            (false, Some(_)) => write!(f, " aria-invalid=\"true\" aria-describedby=\"{id}-fault {id}-hint\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_tied_to_its_box() {
        let faults = Faults::of("login", "ログインIDを入れてください。");
        let field = Field::text("login", "ログインID").hint("半角です。").value("<b>").faults(&faults).to_string();
        assert!(field.contains("aria-invalid=\"true\" aria-describedby=\"login-fault login-hint\""), "{field}");
        assert!(field.contains("<label for=\"login\">") && field.contains("&#60;b&#62;"), "{field}");
        assert!(faults.summary().to_string().contains("href=\"#login\""));
    }

    #[test]
    fn a_password_never_comes_back() {
        let field = Field::password("password", "パスワード", "current-password").to_string();
        assert!(!field.contains("value=") && field.contains("autocomplete=\"current-password\""), "{field}");
    }
}
