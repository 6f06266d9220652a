//! 利用者基本情報, with its 別表1 (１日の生活), 別表2 (現病歴・既往歴) and the picture of the family.

use super::entry::{Block, Entry, Mark};
use askama::Template;
use standard::name;
use standard::value::Value;

#[derive(Template)]
#[template(path = "forms/basic_info.html")]
pub(crate) struct BasicInfo<'a> {
    pub(crate) info: Block<'a>,
    /// All rows, for what is the same in all of them.
    all: Block<'a>,
    routine: Vec<Entry<'a>>,
    diseases: Vec<Entry<'a>>,
    /// Where the picture of the family is to be found, if the set has it.
    picture: Option<String>,
}

/// One of four.
struct Contact {
    number: usize,
    name: &'static str,
    relationship: &'static str,
    address: &'static str,
    phone: &'static str,
}

const CONTACTS: [Contact; 4] = [
    Contact {
        number: 1,
        name: "emergency1_name",
        relationship: "emergency1_relationship",
        address: "emergency1_address",
        phone: "emergency1_phone",
    },
    Contact {
        number: 2,
        name: "emergency2_name",
        relationship: "emergency2_relationship",
        address: "emergency2_address",
        phone: "emergency2_phone",
    },
    Contact {
        number: 3,
        name: "emergency3_name",
        relationship: "emergency3_relationship",
        address: "emergency3_address",
        phone: "emergency3_phone",
    },
    Contact {
        number: 4,
        name: "emergency4_name",
        relationship: "emergency4_relationship",
        address: "emergency4_address",
        phone: "emergency4_phone",
    },
];

impl<'a> BasicInfo<'a> {
    pub(crate) fn of(
        mut info: Vec<Entry<'a>>,
        mut routine: Vec<Entry<'a>>,
        mut diseases: Vec<Entry<'a>>,
        pictures: &[[u8; 4]],
        pictures_at: &str,
    ) -> Self {
        for rows in [&mut info, &mut routine, &mut diseases] {
            rows.sort_by_key(|row| row.mark == Mark::Removed);
        }
        let picture = info
            .first()
            .and_then(|info| branch(info.value("family_image_file")))
            .filter(|branch| pictures.contains(branch));
        let picture = picture.map(|branch| format!("{pictures_at}/{}", branch.escape_ascii()));
        let all = Block([&info[..], &routine, &diseases].concat());
        Self { info: Block(info), all, routine, diseases, picture }
    }

    fn contacts(&self) -> &'static [Contact] {
        &CONTACTS
    }
}

/// 枝番 of the picture that the row names.
fn branch(named: &Value<'_>) -> Option<[u8; 4]> {
    let text = named.text()?;
    name::parse(text.reveal().trim()).ok()?.branch
}
