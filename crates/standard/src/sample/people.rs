use super::PersonName;
use super::calendar::{Day, Month};
use super::dice::Dice;

/// 利用者 — somebody who does not exist.
pub(super) struct Person {
    pub(super) name: PersonName,
    pub(super) family: [PersonName; 2],
    pub(super) sex: &'static str,
    pub(super) birth: Day,
    pub(super) insurer: &'static str,
    pub(super) insured: String,
    pub(super) postal_code: String,
    pub(super) address: [String; 2],
    pub(super) phone: String,
    pub(super) certified_on: Day,
    pub(super) valid_from: Day,
    pub(super) valid_to: Day,
}

/// Surnames and given names; some need the NEC and IBM rows of MS932.
const SURNAMES: &[(&str, &str)] = &[
    ("架空", "カクウ"),
    ("見本", "ミホン"),
    ("文箱", "フミバコ"),
    ("例示", "レイジ"),
    ("仮野", "カリノ"),
    ("髙見本", "タカミホン"),
    ("試﨑", "タメサキ"),
    ("仮の宮", "カリノミヤ"),
    ("德例", "トクレイ"),
    ("想定", "ソウテイ"),
    ("雛形", "ヒナガタ"),
    ("空想", "クウソウ"),
];
const WOMEN: &[(&str, &str)] = &[
    ("花子", "ハナコ"),
    ("ヨシ江", "ヨシエ"),
    ("千代", "チヨ"),
    ("トメ", "トメ"),
    ("和子", "カズコ"),
    ("美彌子", "ミヤコ"),
    ("しづ", "シヅ"),
    ("冨美", "フミ"),
];
const MEN: &[(&str, &str)] = &[
    ("太郎", "タロウ"),
    ("一", "ハジメ"),
    ("義雄", "ヨシオ"),
    ("昇", "ノボル"),
    ("隆", "タカシ"),
    ("吉之助", "キチノスケ"),
    ("正二", "ショウジ"),
    ("濵男", "ハマオ"),
];
const INSURERS: &[(&str, &str, &str)] = &[
    ("039901", "039-9001", "架空県文箱市"),
    ("039902", "039-9102", "架空県見本郡例示町"),
    ("039903", "039-9203", "架空県空想市"),
];
const STREETS: &[&str] = &["本町", "東仮野", "ヶ丘", "川端", "南見本", "大字想定"];
const HOUSES: &[&str] = &["", "コーポ「ふみ」２０３", "メゾン・ド・仮野 101号", "ﾊｲﾂ例示 A棟", "県営住宅３－５０２"];

impl Person {
    /// The `index`-th person of a seed; the same in every kind of unit.
    pub(super) fn new(dice: &mut Dice, seed: u64, index: usize, names: Option<&[PersonName]>, month: Month) -> Self {
        let woman = dice.below(3) > 0;
        let surname = dice.pick(SURNAMES);
        let invented = full_name(surname, dice.pick(if woman { WOMEN } else { MEN }));
        let family = [full_name(surname, dice.pick(WOMEN)), full_name(surname, dice.pick(MEN))];
        let (insurer, postal_code, town) = dice.pick(INSURERS);
        let street = dice.pick(STREETS);
        let number = format!("{}{}－{}", street, wide(dice.between(1, 9)), wide(dice.between(1, 99)));
        // Nine digits from seed and index: distinct within a set of up to a hundred million people, and among the
        // sets of a million seeds that follow each other while none is about more than a thousand.
        let within = seed / 10 % 100_000 * 1_000 + index as u64;
        let serial = (seed.wrapping_mul(7_919) % 10) * 100_000_000 + within % 100_000_000;
        let insured = if dice.one_in(40) { format!("H{serial:09}") } else { format!("0{serial:09}") };
        let birth = Day {
            year: month.year - dice.between(68, 99) as i32,
            month: dice.between(1, 12),
            day: dice.between(1, 28),
        };
        let valid_from = month.after(-(dice.between(1, 11) as i32)).first();
        let half_years = dice.between(2, 6) as i32;
        let valid_to = Month { year: valid_from.year, month: valid_from.month }.after(half_years * 6).first().plus(-1);
        Person {
            name: match names {
                Some(names) if !names.is_empty() => names[index % names.len()].clone(),
                _ => invented,
            },
            family,
            sex: if woman { "2" } else { "1" },
            birth,
            insurer,
            insured,
            postal_code: (*postal_code).to_owned(),
            address: [format!("{town}{number}"), (*dice.pick(HOUSES)).to_owned()],
            phone: format!("0195-{:02}-{:04}", dice.between(10, 99), dice.below(10_000)),
            certified_on: valid_from.plus(-i64::from(dice.between(3, 25))),
            valid_from,
            valid_to,
        }
    }
}

fn full_name(surname: &(&str, &str), given: &(&str, &str)) -> PersonName {
    PersonName { kanji: format!("{}　{}", surname.0, given.0), kana: format!("{}　{}", surname.1, given.1) }
}

fn wide(number: u32) -> String {
    number.to_string().chars().filter_map(|digit| char::from_u32(digit as u32 - 0x30 + 0xFF10)).collect()
}

/// Half-width katakana, as 利用者基本情報 asks for.
pub(super) fn half_width(kana: &str) -> String {
    const FULL: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";
    const VOICED: &str = "ガギグゲゴザジズゼゾダヂヅデドバビブベボ";
    const UNVOICED: &str = "カキクケコサシスセソタチツテトハヒフヘホ";
    let narrow = |wide: char| {
        let place = FULL.chars().position(|full| full == wide)?;
        char::from_u32(0xFF61 + place as u32)
    };
    let mut out = String::new();
    for letter in kana.chars() {
        if let Some(place) = VOICED.chars().position(|voiced| voiced == letter) {
            out.extend(UNVOICED.chars().nth(place).and_then(narrow));
            out.push('ﾞ');
        } else if let Some(place) = "パピプペポ".chars().position(|voiced| voiced == letter) {
            out.extend("ハヒフヘホ".chars().nth(place).and_then(narrow));
            out.push('ﾟ');
        } else if letter == 'ヴ' {
            out.push_str("ｳﾞ");
        } else if letter == '　' {
            out.push(' ');
        } else {
            out.push(narrow(letter).unwrap_or(letter));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::half_width;

    #[test]
    fn kana_become_half_width() {
        assert_eq!(half_width("フミバコ　タロウ・パーン"), "ﾌﾐﾊﾞｺ ﾀﾛｳ･ﾊﾟｰﾝ");
    }
}
