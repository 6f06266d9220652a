//! 添付 — what goes with a set besides the files of the standard: signed plans as PDF, and a message in the sender's words.

/// Bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// Documents of one set.
pub const DOCUMENTS_MAX: usize = 4;
/// Characters of a message.
pub const MESSAGE_CHARACTERS_MAX: usize = 1_000;
/// Characters of a document's name.
pub const NAME_CHARACTERS_MAX: usize = 120;

/// How a PDF begins, whatever its version.
const PDF_START: &[u8] = b"%PDF-";
/// How it ends, and how near to the last byte: some programs write a little after it.
const PDF_END: &[u8] = b"%%EOF";
const PDF_END_WITHIN: usize = 1_024;

/// 添付の種類.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnclosureKind {
    /// 文書, a PDF.
    Document,
    /// メッセージ, a text.
    Message,
}

impl EnclosureKind {
    /// Stable id, for rows and programs.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Message => "message",
        }
    }

    /// The kind with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Document, Self::Message].into_iter().find(|kind| kind.id() == id)
    }
}

/// 添付.
#[derive(Clone, PartialEq, Eq)]
pub struct Enclosure {
    kind: EnclosureKind,
    name: String,
    bytes: Vec<u8>,
}

/// Prints neither name nor content: both are about people.
impl std::fmt::Debug for Enclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Enclosure({}, ..)", self.kind.id())
    }
}

/// It is no PDF, is too large, or has a name or words that cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnEnclosure;

impl Enclosure {
    /// A document, if it is a whole PDF within the limits.
    ///
    /// # Errors
    /// When it is not.
    pub fn document(name: &str, bytes: Vec<u8>) -> Result<Self, NotAnEnclosure> {
        let end = bytes.get(bytes.len().saturating_sub(PDF_END_WITHIN)..).unwrap_or_default();
        let whole = bytes.starts_with(PDF_START) && end.windows(PDF_END.len()).any(|found| found == PDF_END);
        // Some browsers send a whole path.
        let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
        let letters = name.chars().count();
        let named = (1..=NAME_CHARACTERS_MAX).contains(&letters) && !name.chars().any(is_unseen);
        let sound = whole && named && bytes.len() <= DOCUMENT_BYTES_MAX && name.to_lowercase().ends_with(".pdf");
        if sound {
            Ok(Self { kind: EnclosureKind::Document, name: name.to_owned(), bytes })
        } else {
            Err(NotAnEnclosure)
        }
    }

    /// A message; nothing where there are no words.
    ///
    /// # Errors
    /// When it is too long, or holds what cannot be shown.
    pub fn message(text: &str) -> Result<Option<Self>, NotAnEnclosure> {
        // As browsers and programs end lines alike.
        let text = text.replace("\r\n", "\n");
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let shown = !text.chars().any(|letter| letter != '\n' && is_unseen(letter));
        if text.chars().count() > MESSAGE_CHARACTERS_MAX || !shown {
            return Err(NotAnEnclosure);
        }
        Ok(Some(Self { kind: EnclosureKind::Message, name: String::new(), bytes: text.as_bytes().to_vec() }))
    }

    /// As it was kept: it was judged when it came.
    #[must_use]
    pub fn kept(kind: EnclosureKind, name: String, bytes: Vec<u8>) -> Self {
        Self { kind, name, bytes }
    }

    /// Document or message.
    #[must_use]
    pub const fn kind(&self) -> EnclosureKind {
        self.kind
    }

    /// Its name as it came; a message has none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Whether so many may go with one set: a message at most, and not too many documents.
#[must_use]
pub fn may_go_together(enclosures: &[Enclosure]) -> bool {
    let documents = enclosures.iter().filter(|one| one.kind == EnclosureKind::Document).count();
    documents <= DOCUMENTS_MAX && enclosures.len() - documents <= 1
}

/// Controls, and what turns the direction of writing: a name could look like another.
fn is_unseen(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n";

    #[test]
    fn a_whole_pdf_is_taken_with_its_name() {
        let taken = Enclosure::document("C:\\書類\\計画書（署名済み）.pdf", PDF.to_vec()).expect("a PDF");
        assert_eq!(
            (taken.kind(), taken.name(), taken.bytes()),
            (EnclosureKind::Document, "計画書（署名済み）.pdf", PDF)
        );
    }

    #[test]
    fn what_is_no_whole_pdf_or_too_large_is_not_taken() {
        let cut_short = &PDF[..PDF.len() - 7];
        let a_program = b"MZ\x90 %%EOF".as_slice();
        let mut too_large = PDF.to_vec();
        too_large.splice(9..9, std::iter::repeat_n(b' ', DOCUMENT_BYTES_MAX));
        for bytes in [b"".as_slice(), cut_short, a_program, &too_large] {
            assert_eq!(Enclosure::document("a.pdf", bytes.to_vec()), Err(NotAnEnclosure));
        }
    }

    #[test]
    fn a_name_that_could_deceive_is_not_taken() {
        let long = format!("{}.pdf", "長".repeat(NAME_CHARACTERS_MAX));
        for name in ["", ".", "plan.exe", "fdp.\u{202E}exe.pdf", "a\u{7}.pdf", "a\r\nx.pdf", &long] {
            assert_eq!(Enclosure::document(name, PDF.to_vec()), Err(NotAnEnclosure), "{name:?}");
        }
    }

    #[test]
    fn a_message_is_words_and_nothing_else() {
        assert_eq!(Enclosure::message(" \r\n "), Ok(None));
        let message = Enclosure::message("お世話になります。\r\n再送です。").expect("words").expect("a message");
        assert_eq!(message.bytes(), "お世話になります。\n再送です。".as_bytes());
        assert!(Enclosure::message(&"字".repeat(MESSAGE_CHARACTERS_MAX)).is_ok());
        assert_eq!(Enclosure::message(&"字".repeat(MESSAGE_CHARACTERS_MAX + 1)), Err(NotAnEnclosure));
        assert_eq!(Enclosure::message("a\u{0}b"), Err(NotAnEnclosure));
    }

    #[test]
    fn one_message_and_a_few_documents_go_together() {
        let document = || Enclosure::document("a.pdf", PDF.to_vec()).expect("a PDF");
        let message = || Enclosure::message("はい").expect("words").expect("a message");
        assert!(may_go_together(&[document(), document(), document(), document(), message()]));
        assert!(!may_go_together(&[message(), message()]));
        assert!(!may_go_together(&[document(), document(), document(), document(), document()]));
    }
}
