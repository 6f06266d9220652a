//! ローマ字: how a kana reading is typed on a keyboard, in every spelling that people use.

/// The most spellings made of one reading: every long vowel and every し doubles them.
pub(super) const SPELLINGS_MAX: usize = 64;
/// The longest reading that is spelt out, in kana. Beyond it a name is no longer one word.
pub(super) const READING_CHARS_MAX: usize = 24;

/// Every spelling of a reading in Latin letters: Hepburn and Kunrei, long vowels written out, shortened or with h.
///
/// Characters that are not kana end the reading: nothing is made of them. At most [`SPELLINGS_MAX`].
#[must_use]
pub(super) fn spellings(reading: &str) -> Vec<String> {
    let kana: Vec<char> = reading.chars().take(READING_CHARS_MAX).map(katakana).collect();
    let mut made = vec![String::new()];
    let mut at = 0;
    while at < kana.len() {
        let (taken, choices) = unit(&kana[at..], at > 0);
        if choices.is_empty() {
            return Vec::new();
        }
        let mut next = Vec::with_capacity(made.len().saturating_mul(choices.len()).min(SPELLINGS_MAX));
        // Choices outside: if the bound cuts, what falls away are the rarer spellings.
        for choice in &choices {
            for spelling in &made {
                if next.len() < SPELLINGS_MAX {
                    next.push(append(spelling, choice));
                }
            }
        }
        made = next;
        at += taken;
    }
    made.retain(|spelling| !spelling.is_empty());
    made.sort_unstable();
    made.dedup();
    made
}

/// Hiragana as katakana; everything else as it is.
#[must_use]
pub(super) const fn katakana(kana: char) -> char {
    match kana {
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => match char::from_u32(kana as u32 + 0x60) {
            Some(katakana) => katakana,
            None => kana,
        },
        _ => kana,
    }
}

/// Whether it is kana, the long mark included.
#[must_use]
pub(super) const fn is_kana(char: char) -> bool {
    matches!(char, 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | 'ゝ' | 'ゞ' | 'ヽ' | 'ヾ')
}

/// What marks a doubled consonant until the next letter is known.
const DOUBLE: char = '*';

fn append(spelling: &str, choice: &str) -> String {
    let mut whole = String::with_capacity(spelling.len() + choice.len() + 1);
    match spelling.strip_suffix(DOUBLE) {
        Some(before) => {
            whole.push_str(before);
            whole.extend(choice.chars().next().filter(char::is_ascii_lowercase));
        }
        None => whole.push_str(spelling),
    }
    whole.push_str(choice);
    whole
}

/// The next sound: how many kana it takes, and how it may be written.
fn unit(kana: &[char], inside: bool) -> (usize, Vec<&'static str>) {
    let [first, rest @ ..] = kana else { return (0, Vec::new()) };
    let (first, second) = (*first, rest.first().copied());
    if let Some(second) = second
        && let Some(choices) = pair(first, second)
    {
        return (2, choices.to_vec());
    }
    let choices: &[&'static str] = match first {
        'ッ' if rest.is_empty() => &["", "t"],
        'ッ' if second == Some('チ') => &["*", "t"],
        'ッ' => &["*"],
        'ン' if matches!(second, Some('バ'..='ポ')) => &["n", "nn", "m"],
        'ン' => &["n", "nn"],
        'ー' => &["", "-", "h"],
        // After another sound it may only lengthen it: さとう is sato, satou or satoh.
        'ウ' if inside => &["u", "", "h"],
        'オ' if inside => &["o", "", "h"],
        'ア' => &["a"],
        'イ' => &["i"],
        'ウ' => &["u"],
        'エ' => &["e"],
        'オ' => &["o"],
        _ => single(first),
    };
    (1, choices.to_vec())
}

fn single(kana: char) -> &'static [&'static str] {
    match kana {
        'カ' => &["ka"],
        'キ' => &["ki"],
        'ク' => &["ku"],
        'ケ' | 'ヶ' => &["ke"],
        'コ' => &["ko"],
        'サ' => &["sa"],
        'シ' => &["shi", "si"],
        'ス' => &["su"],
        'セ' => &["se"],
        'ソ' => &["so"],
        'タ' => &["ta"],
        'チ' => &["chi", "ti"],
        'ツ' => &["tsu", "tu"],
        'テ' => &["te"],
        'ト' => &["to"],
        'ナ' => &["na"],
        'ニ' => &["ni"],
        'ヌ' => &["nu"],
        'ネ' => &["ne"],
        'ノ' => &["no"],
        'ハ' => &["ha", "wa"],
        'ヒ' => &["hi"],
        'フ' => &["fu", "hu"],
        'ヘ' => &["he"],
        'ホ' => &["ho"],
        'マ' => &["ma"],
        'ミ' => &["mi"],
        'ム' => &["mu"],
        'メ' => &["me"],
        'モ' => &["mo"],
        'ヤ' => &["ya"],
        'ユ' => &["yu"],
        'ヨ' => &["yo"],
        'ラ' => &["ra"],
        'リ' => &["ri"],
        'ル' => &["ru"],
        'レ' => &["re"],
        'ロ' => &["ro"],
        'ワ' => &["wa"],
        'ヲ' => &["wo", "o"],
        'ガ' => &["ga"],
        'ギ' => &["gi"],
        'グ' => &["gu"],
        'ゲ' => &["ge"],
        'ゴ' => &["go"],
        'ザ' => &["za"],
        'ジ' => &["ji", "zi"],
        'ズ' => &["zu"],
        'ゼ' => &["ze"],
        'ゾ' => &["zo"],
        'ダ' => &["da"],
        'ヂ' => &["ji", "di", "zi"],
        'ヅ' => &["zu", "du", "dzu"],
        'デ' => &["de"],
        'ド' => &["do"],
        'バ' => &["ba"],
        'ビ' => &["bi"],
        'ブ' => &["bu"],
        'ベ' => &["be"],
        'ボ' => &["bo"],
        'パ' => &["pa"],
        'ピ' => &["pi"],
        'プ' => &["pu"],
        'ペ' => &["pe"],
        'ポ' => &["po"],
        'ヴ' => &["vu", "bu"],
        _ => &[],
    }
}

fn pair(first: char, second: char) -> Option<&'static [&'static str]> {
    Some(match (first, second) {
        ('キ', 'ャ') => &["kya"],
        ('キ', 'ュ') => &["kyu"],
        ('キ', 'ョ') => &["kyo"],
        ('シ', 'ャ') => &["sha", "sya"],
        ('シ', 'ュ') => &["shu", "syu"],
        ('シ', 'ョ') => &["sho", "syo"],
        ('シ', 'ェ') => &["she", "sye"],
        ('チ', 'ャ') => &["cha", "tya"],
        ('チ', 'ュ') => &["chu", "tyu"],
        ('チ', 'ョ') => &["cho", "tyo"],
        ('チ', 'ェ') => &["che", "tye"],
        ('ニ', 'ャ') => &["nya"],
        ('ニ', 'ュ') => &["nyu"],
        ('ニ', 'ョ') => &["nyo"],
        ('ヒ', 'ャ') => &["hya"],
        ('ヒ', 'ュ') => &["hyu"],
        ('ヒ', 'ョ') => &["hyo"],
        ('ミ', 'ャ') => &["mya"],
        ('ミ', 'ュ') => &["myu"],
        ('ミ', 'ョ') => &["myo"],
        ('リ', 'ャ') => &["rya"],
        ('リ', 'ュ') => &["ryu"],
        ('リ', 'ョ') => &["ryo"],
        ('ギ', 'ャ') => &["gya"],
        ('ギ', 'ュ') => &["gyu"],
        ('ギ', 'ョ') => &["gyo"],
        ('ジ', 'ャ') | ('ヂ', 'ャ') => &["ja", "zya", "jya"],
        ('ジ', 'ュ') | ('ヂ', 'ュ') => &["ju", "zyu", "jyu"],
        ('ジ', 'ョ') | ('ヂ', 'ョ') => &["jo", "zyo", "jyo"],
        ('ジ', 'ェ') => &["je", "zye"],
        ('ビ', 'ャ') => &["bya"],
        ('ビ', 'ュ') => &["byu"],
        ('ビ', 'ョ') => &["byo"],
        ('ピ', 'ャ') => &["pya"],
        ('ピ', 'ュ') => &["pyu"],
        ('ピ', 'ョ') => &["pyo"],
        ('フ', 'ァ') => &["fa"],
        ('フ', 'ィ') => &["fi"],
        ('フ', 'ェ') => &["fe"],
        ('フ', 'ォ') => &["fo"],
        ('テ', 'ィ') => &["ti", "thi"],
        ('デ', 'ィ') => &["di", "dhi"],
        ('デ', 'ュ') => &["dyu", "dhu"],
        ('ト', 'ゥ') => &["tu", "twu"],
        ('ド', 'ゥ') => &["du", "dwu"],
        ('ウ', 'ィ') => &["wi", "ui"],
        ('ウ', 'ェ') => &["we", "ue"],
        ('ウ', 'ォ') => &["wo", "uo"],
        ('ヴ', 'ァ') => &["va"],
        ('ヴ', 'ィ') => &["vi"],
        ('ヴ', 'ェ') => &["ve"],
        ('ヴ', 'ォ') => &["vo"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(reading: &str, spelling: &str) -> bool {
        spellings(reading).iter().any(|made| made == spelling)
    }

    #[test]
    fn hepburn_and_kunrei_and_long_vowels() {
        for (reading, spelling) in [
            ("さくら", "sakura"),
            ("サクラ", "sakura"),
            ("しえん", "shien"),
            ("しえん", "sien"),
            ("つじ", "tsuji"),
            ("つじ", "tuzi"),
            ("さとう", "sato"),
            ("さとう", "satou"),
            ("さとう", "satoh"),
            ("おおさか", "osaka"),
            ("おおさか", "oosaka"),
            ("とうきょう", "tokyo"),
            ("とうきょう", "toukyou"),
            ("さっぽろ", "sapporo"),
            ("こんばんは", "kombanwa"),
            ("なんば", "nanba"),
            ("なんば", "namba"),
            ("しょうわ", "syouwa"),
            ("けーき", "keki"),
            ("まっちゃ", "maccha"),
            ("こっち", "kotchi"),
            ("ぱーてぃー", "pathi"),
        ] {
            assert!(has(reading, spelling), "{reading} {spelling} {:?}", spellings(reading));
        }
    }

    #[test]
    fn what_is_not_kana_has_no_spelling() {
        assert!(spellings("山田").is_empty());
        assert!(spellings("abc").is_empty());
        assert!(spellings("").is_empty());
        assert!(spellings("ゃ").is_empty());
    }

    #[test]
    fn there_is_a_bound() {
        assert!(spellings(&"しょう".repeat(30)).len() <= SPELLINGS_MAX);
    }
}
