//! キーボードの並び: walks over neighbouring keys, on Japanese and American keyboards, in kana too, and on the ten keys.

/// A keyboard: rows of keys, each written with every character it makes. Rows are shifted as on real ones.
struct Layout {
    /// How far a row stands to the right of the first, in half keys.
    shifts: [i8; 4],
    /// What the keys make, plain and shifted.
    layers: &'static [[&'static str; 4]],
}

const LAYOUTS: &[Layout] = &[
    // JIS.
    Layout {
        shifts: [0, 1, 2, 3],
        layers: &[
            ["1234567890-^\\", "qwertyuiop@[", "asdfghjkl;:]", "zxcvbnm,./\\"],
            ["!\"#$%&'()\u{0}=~|", "QWERTYUIOP`{", "ASDFGHJKL+*}", "ZXCVBNM<>?_"],
        ],
    },
    // American.
    Layout {
        shifts: [0, 1, 2, 3],
        layers: &[
            ["1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./"],
            ["!@#$%^&*()_+", "QWERTYUIOP{}|", "ASDFGHJKL:\"", "ZXCVBNM<>?"],
        ],
    },
    // JIS, typing kana.
    Layout {
        shifts: [0, 1, 2, 3],
        layers: &[[
            "ヌフアウエオヤユヨワホヘー",
            "タテイスカンナニラセ",
            "チトシハキクマノリレケム",
            "ツサソヒコミモネルメロ",
        ]],
    },
    // Ten keys.
    Layout { shifts: [0, 0, 0, 0], layers: &[["789", "456", "123", "0"]] },
];

/// A shorter walk is an accident.
const WALK_CHARS_MIN: usize = 4;

/// The longest walk that begins `chars`: how many characters, and how often it turns. `chars` has kana as katakana.
pub(super) fn walk(chars: &[char]) -> Option<(usize, u32)> {
    LAYOUTS
        .iter()
        .map(|layout| walk_on(layout, chars))
        .filter(|(length, _)| *length >= WALK_CHARS_MIN)
        .max_by_key(|(length, turns)| (*length, std::cmp::Reverse(*turns)))
}

fn walk_on(layout: &Layout, chars: &[char]) -> (usize, u32) {
    let mut keys = chars.iter().map(|char| place(layout, *char));
    let Some(Some(mut at)) = keys.next() else { return (0, 0) };
    let (mut length, mut turns, mut heading) = (1, 0, None);
    for key in keys {
        let Some(key) = key else { break };
        let step = (key.0 - at.0, key.1 - at.1);
        // A neighbour touches: one row away at most, and a key's width to the side at most.
        if step == (0, 0) || step.0.abs() > 1 || step.1.abs() > 2 {
            break;
        }
        turns += u32::from(heading.is_some_and(|heading| heading != step));
        (heading, at) = (Some(step), key);
        length += 1;
    }
    (length, turns)
}

/// Row and distance from the left, in half keys.
fn place(layout: &Layout, char: char) -> Option<(i8, i8)> {
    if char == '\0' {
        return None;
    }
    layout.layers.iter().find_map(|rows| {
        rows.iter().zip(layout.shifts).enumerate().find_map(|(row, (keys, shift))| {
            let column = keys.chars().position(|key| key == char)?;
            Some((i8::try_from(row).ok()?, i8::try_from(column).ok()?.checked_mul(2)?.checked_add(shift)?))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> usize {
        walk(&text.chars().collect::<Vec<_>>()).map_or(0, |(length, _)| length)
    }

    #[test]
    fn walks_are_found_on_every_keyboard() {
        for text in [
            "qwerty",
            "1qaz",
            "zxcvbnm,./",
            "!QAZ",
            "poiuyt",
            "asdfghjkl;:]",
            "タテイスカン",
            "チトシハキク",
            "78963",
            "!\"#$%&",
        ] {
            assert_eq!(length(text), text.chars().count(), "{text}");
        }
        assert_eq!(length("1qaz2wsx"), 4);
        assert_eq!(length("sakura"), 0);
        assert_eq!(length("qwe"), 0);
        assert_eq!(length(""), 0);
    }
}
