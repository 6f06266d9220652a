use super::text;
use crate::{Document, Failure};
use std::path::{Path, PathBuf};
use typst::foundations::Bytes;
use typst::text::Font;

/// The families in the order in which a character is looked for. IPAex is the face of Japanese offices; what it lacks
/// (names beyond JIS X 0213) is in Noto.
pub(super) const SERIF: [&str; 2] = ["IPAexMincho", "Noto Serif CJK JP"];
/// For titles and heads.
pub(super) const SANS: [&str; 2] = ["IPAexGothic", "Noto Sans CJK JP"];

struct File {
    package: &'static str,
    path: &'static str,
    family: &'static str,
}

const FIRST: [File; 2] = [
    File { package: "fonts-ipaexfont", path: "ipaexfont-mincho/ipaexm.ttf", family: SERIF[0] },
    File { package: "fonts-ipaexfont", path: "ipaexfont-gothic/ipaexg.ttf", family: SANS[0] },
];
const SECOND: [File; 2] = [
    File { package: "fonts-noto-cjk", path: "noto/NotoSerifCJK-Regular.ttc", family: SERIF[1] },
    File { package: "fonts-noto-cjk", path: "noto/NotoSansCJK-Regular.ttc", family: SANS[1] },
];

/// Where the fonts are.
#[derive(Clone, Debug)]
pub struct Fonts {
    folder: PathBuf,
}

impl Fonts {
    /// Where Debian's packages put them.
    #[must_use]
    pub fn of_debian() -> Self {
        Self::below(PathBuf::from("/usr/share/fonts/opentype"))
    }

    /// In the same folders below another one.
    #[must_use]
    pub fn below(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The faces in which every character of a document can be written. The larger fonts are read only where they are
    /// needed.
    pub(super) fn for_texts(&self, document: &Document) -> Result<Vec<Font>, Failure> {
        let mut faces = self.load(&FIRST)?;
        if first_missing(document, &faces).is_none() {
            return Ok(faces);
        }
        faces.extend(self.load(&SECOND)?);
        match first_missing(document, &faces) {
            Some(place) => Err(Failure::Glyph { place }),
            None => Ok(faces),
        }
    }

    fn load(&self, files: &[File]) -> Result<Vec<Font>, Failure> {
        files.iter().map(|file| face(&self.folder, file)).collect()
    }
}

fn face(folder: &Path, file: &File) -> Result<Font, Failure> {
    let missing = || Failure::Fonts { package: file.package.to_owned() };
    let bytes = std::fs::read(folder.join(file.path)).map_err(|_| missing())?;
    Font::iter(Bytes::new(bytes)).find(|font| font.info().family == file.family).ok_or_else(missing)
}

/// The first place with a character that one of the two faces could not show.
fn first_missing(document: &Document, faces: &[Font]) -> Option<crate::Place> {
    let shows = |families: &[&str], character: char| {
        faces.iter().any(|font| {
            families.contains(&font.info().family.as_str()) && font.info().coverage.contains(u32::from(character))
        })
    };
    let shown = |c: char| text::is_invisible(c) || (shows(&SERIF, c) && shows(&SANS, c));
    document.texts().find(|(_, text)| !text::printable(text).chars().all(shown)).map(|(place, _)| place)
}
