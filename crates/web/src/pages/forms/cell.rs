//! 欄 — what is written into the page. The only place of the forms where HTML is made without a template, so that every
//! letter of a file passes through [`Letters`].

use super::entry::Mark;
use super::shown;
use askama::filters::HtmlSafe;
use standard::CodeTable;
use std::fmt::{self, Display, Formatter, Write as _};

/// Text of others, letter by letter made harmless.
struct Letters<'a>(&'a str);

impl Display for Letters<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars().map(shown::visible) {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// 欄 — the text of one place of a form, and what stood there before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    before: Option<String>,
    /// Not of the form its column asks for.
    odd: bool,
    /// Free text: of a long one only what differs is marked.
    prose: bool,
    around: (&'static str, &'static str),
}

impl HtmlSafe for Cell {}

impl Cell {
    pub(crate) fn new(text: String, before: Option<String>, odd: bool) -> Self {
        Self { text, before, odd, prose: false, around: ("", "") }
    }

    pub(crate) fn of_prose(self) -> Self {
        Self { prose: true, ..self }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.is_empty() && self.before.is_none()
    }

    pub(crate) fn take_before(&mut self, other: Cell) {
        if self.before.is_none() {
            self.before = other.before;
        }
    }

    /// Words of ours around it, where it is not blank.
    pub(crate) fn with(&self, before: &'static str, after: &'static str) -> Self {
        Self { around: (before, after), ..self.clone() }
    }

    pub(crate) fn joined(cells: Vec<Cell>) -> Self {
        let mut cells = cells.into_iter();
        let Some(mut whole) = cells.next() else { return Self::default() };
        for cell in cells {
            whole.text = format!("{}、{}", whole.text, cell.text);
            whole.odd |= cell.odd;
            whole.take_before(cell);
        }
        whole
    }
}

impl Display for Cell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_blank() {
            return Ok(());
        }
        f.write_str(self.around.0)?;
        if let Some(before) = &self.before {
            let whole = ["", before, &self.text, ""];
            let [start, gone, come, end] = if self.prose { parts(before, &self.text) } else { whole };
            write!(f, "{}", Letters(start))?;
            // Nothing stands for a blank that was filled.
            if !gone.is_empty() {
                write!(f, "<del>{}</del>", Letters(gone))?;
            }
            if !come.is_empty() {
                write!(f, "<ins>{}</ins>", Letters(come))?;
            }
            write!(f, "{}", Letters(end))?;
        } else {
            write!(f, "{}", Letters(&self.text))?;
        }
        if self.odd {
            f.write_str("<small class=\"odd\">（決まりの書き方でない値）</small>")?;
        }
        if shown::is_formula_like(&self.text) {
            f.write_str("<small class=\"odd\">（表計算ソフトでは数式とみなされる値）</small>")?;
        }
        f.write_str(self.around.1)
    }
}

/// Characters from which on a text is long: of these only what differs is marked.
const LONG: usize = 12;

/// What two texts begin with, what only the first and what only the second has, and what they end with. Short ones are
/// taken as a whole.
fn parts<'t>(before: &'t str, after: &'t str) -> [&'t str; 4] {
    if before.chars().count().min(after.chars().count()) < LONG {
        return ["", before, after, ""];
    }
    let same = |(one, other): &(char, char)| one == other;
    let start: usize = before.chars().zip(after.chars()).take_while(same).map(|(letter, _)| letter.len_utf8()).sum();
    let (rest, rest_after) = (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
    let ends = rest.chars().rev().zip(rest_after.chars().rev());
    let end: usize = ends.take_while(same).map(|(letter, _)| letter.len_utf8()).sum();
    [
        before.get(..start).unwrap_or_default(),
        rest.get(..rest.len() - end).unwrap_or_default(),
        rest_after.get(..rest_after.len() - end).unwrap_or_default(),
        rest.get(rest.len() - end..).unwrap_or_default(),
    ]
}

/// 選択肢 — all meanings of a code, the chosen ones ringed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    options: Vec<(&'static str, bool)>,
    /// What is none of them.
    other: String,
    before: Option<String>,
}

impl HtmlSafe for Choice {}

/// Some codes stand for two choices at once (初回＆紹介, 自宅・一戸建て).
const BOTH: [char; 2] = ['＆', '・'];

impl Choice {
    pub(crate) fn new(table: Option<&'static CodeTable>, cell: &Cell) -> Self {
        let values = table.map(|table| table.values).unwrap_or_default();
        let parts: Vec<&str> = cell.text.split(BOTH).collect();
        let single = values.iter().map(|(_, label)| *label).filter(|label| !label.contains(BOTH));
        let options: Vec<(&'static str, bool)> = single.map(|label| (label, parts.contains(&label))).collect();
        let known = options.iter().any(|(_, chosen)| *chosen);
        let other = if known { String::new() } else { cell.text.clone() };
        Self { options, other, before: cell.before.clone() }
    }
}

impl Display for Choice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, (label, chosen)) in self.options.iter().enumerate() {
            if index > 0 {
                f.write_str("・")?;
            }
            match chosen {
                true => write!(f, "<b class=\"ring\">{label}<span class=\"told\">（該当）</span></b>")?,
                false => write!(f, "<span class=\"not\">{label}</span>")?,
            }
        }
        if !self.other.is_empty() {
            write!(f, " {}<small class=\"odd\">（決まりにない値）</small>", Letters(&self.other))?;
        }
        match self.before.as_deref() {
            Some("") => f.write_str(" <ins>（変更前は空欄）</ins>"),
            Some(before) => write!(f, " （変更前 <del>{}</del>）", Letters(before)),
            None => Ok(()),
        }
    }
}

/// 該当の印 — a label that is ringed or not.
#[derive(Clone, Debug)]
pub(crate) struct Tick {
    pub(crate) label: &'static str,
    pub(crate) on: bool,
    pub(crate) before: Option<bool>,
}

impl HtmlSafe for Tick {}

impl Display for Tick {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.on {
            true => write!(f, "<b class=\"ring\">{}<span class=\"told\">（該当）</span></b>", self.label)?,
            false => write!(f, "<span class=\"not\">{}</span>", self.label)?,
        }
        match self.before {
            Some(true) => f.write_str("<del>該当</del>"),
            Some(false) => f.write_str("<ins>（変更前は非該当）</ins>"),
            None => Ok(()),
        }
    }
}

/// 欄外の印 — what became of a row, in a word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tag(pub(crate) Mark);

impl HtmlSafe for Tag {}

impl Display for Tag {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = match self.0 {
            Mark::Same => return Ok(()),
            Mark::Changed => "変更",
            Mark::Added => "追加",
            Mark::Removed => "削除",
        };
        write!(f, "<span class=\"tag {}\">{word}</span>", self.0.class())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_letter_of_a_file_becomes_part_of_the_page() {
        let hostile = "</td><script>alert('x')</script>&amp;\"\u{1b}";
        let cell = Cell::new(hostile.to_owned(), Some(hostile.to_owned()), false).to_string();
        assert!(!cell.contains("<script") && !cell.contains("</td>") && !cell.contains('\u{1b}'), "{cell}");
        assert!(cell.contains("&lt;script&gt;alert(&#39;x&#39;)") && cell.contains("&amp;amp;&quot;␛"), "{cell}");
    }

    #[test]
    fn a_changed_cell_shows_both_and_a_new_one_only_itself() {
        let cell = |text: &str, before: &str| Cell::new(text.to_owned(), Some(before.to_owned()), false).to_string();
        assert_eq!(cell("週2回", "週1回"), "<del>週1回</del><ins>週2回</ins>");
        assert_eq!(cell("週2回", ""), "<ins>週2回</ins>");
        assert_eq!(cell("", "週1回"), "<del>週1回</del>");
    }

    #[test]
    fn of_a_long_text_only_what_differs_is_marked() {
        let plain = |text: &str, before: &str| Cell::new(text.to_owned(), Some(before.to_owned()), false);
        let cell = |text: &str, before: &str| plain(text, before).of_prose().to_string();
        let (before, after) = ("歩けるうちは畑に出たい。孫に会いたい。", "歩けるうちは庭に出たい。孫に会いたい。");
        assert_eq!(cell(after, before), "歩けるうちは<del>畑</del><ins>庭</ins>に出たい。孫に会いたい。");
        let longer = "歩けるうちは畑に出たい。友とも。孫に会いたい。";
        assert_eq!(cell(longer, before), "歩けるうちは畑に出たい。<ins>友とも。</ins>孫に会いたい。");
        assert_eq!(
            cell("同同同同同同同同同同同同同", "同同同同同同同同同同同同"),
            "同同同同同同同同同同同同<ins>同</ins>"
        );
        assert_eq!(cell("週3回", "週2回"), "<del>週2回</del><ins>週3回</ins>");
        let telephone = plain("03-0000-1012", "03-0000-1082").to_string();
        assert_eq!(telephone, "<del>03-0000-1082</del><ins>03-0000-1012</ins>");
    }

    #[test]
    fn r1_9_formula_like_text_is_shown_as_it_is_and_flagged() {
        let shown = Cell::new("=1+1".to_owned(), None, false).to_string();
        assert!(shown.starts_with("=1+1<small") && shown.contains("数式"), "{shown}");
    }
}
