//! さがす・並べる: by what labels say, which is in memory only for as long as that takes.

use super::Label;
use super::month::{Found, Order};

/// One spelling of what is looked for: people type numbers in full width and names without the space.
pub(super) fn normal(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    const SEARCH_CHARACTERS_MAX: usize = 100;
    let spelt = text.nfkc().filter(|letter| !letter.is_whitespace()).take(SEARCH_CHARACTERS_MAX);
    spelt.map(hiragana).collect::<String>().to_lowercase()
}

/// Kana of either kind are the same sound.
const fn hiragana(letter: char) -> char {
    match letter {
        'ァ'..='ヶ' => match char::from_u32(letter as u32 - 0x60) {
            Some(other) => other,
            None => letter,
        },
        other => other,
    }
}

/// Whether a part of the name, the kana or the number is what is looked for.
pub(super) fn matches(label: &Label, wanted: &str) -> bool {
    let has = |text: &str| normal(text).contains(wanted);
    has(label.name.reveal())
        || has(label.kana.reveal())
        || label.person.insured.as_str().contains(&*wanted.to_uppercase())
}

/// Everybody in the order that is asked for.
pub(super) fn sort(found: &mut [Found], order: Order) {
    found.sort_by_cached_key(|(id, label)| {
        let number = label.as_ref().map_or("", |label| label.person.insured.as_str()).to_owned();
        let kana = label.as_ref().map(|label| normal(label.kana.reveal())).unwrap_or_default();
        // Whom nobody names comes after those with a name.
        match order {
            Order::Kana => (kana.is_empty(), kana, number, id.clone()),
            Order::Number => (number.is_empty(), number, kana, id.clone()),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use standard::value::{InsuredNumber, InsurerNumber, PersonKey, Private};

    fn label(name: &str, kana: &str, number: &str) -> Label {
        let person = PersonKey {
            insurer: InsurerNumber::from_bytes(b"131016").expect("an insurer"),
            insured: InsuredNumber::from_bytes(number.as_bytes()).expect("a number"),
        };
        Label { person, name: Private::new(name.to_owned()), kana: Private::new(kana.to_owned()) }
    }

    #[test]
    fn people_are_found_by_parts_of_name_kana_and_number_however_they_are_typed() {
        let someone = label("見本　花子", "ミホン　ハナコ", "H000000101");
        for typed in ["見本花子", "花子", " はなこ", "ハナコ", "ﾊﾅｺ", "Ｈ０００", "h0000", "0101"]
        {
            assert!(matches(&someone, &normal(typed)), "{typed}");
        }
        for typed in ["花男", "太郎", "0102"] {
            assert!(!matches(&someone, &normal(typed)), "{typed}");
        }
    }

    #[test]
    fn people_stand_by_kana_or_number_and_nameless_ones_last() {
        let mut found: Vec<Found> = vec![
            ("c".to_owned(), None),
            ("b".to_owned(), Some(label("乙", "イヌイ", "0000000001"))),
            ("a".to_owned(), Some(label("甲", "アオキ", "0000000002"))),
        ];
        sort(&mut found, Order::Kana);
        assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        sort(&mut found, Order::Number);
        assert_eq!(found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["b", "a", "c"]);
    }
}
