//! パスワード: what is taken, what is not and why, and when it must be changed (R8.6–R8.8).

mod calendar;
mod guessable;
mod keyboard;
mod romaji;
mod words;

use std::fmt;

use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::breached::Breached;
use guessable::Attributes;

/// The longest password, in characters after normalisation. Longer ones are refused, never cut (R8.6).
pub const PASSWORD_CHARS_MAX: usize = 128;
/// The most bytes that are looked at before normalisation: four for each character, and as much again.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// The shortest by default; a profile's own floor may be lower (R8.6).
pub const CHARS_MIN_DEFAULT: usize = 15;
/// The shortest that may be asked for where two factors are used (R8.6).
pub const CHARS_MIN_TWO_FACTORS: usize = 8;
/// The shortest where the password could be the only factor (R8.6).
pub const CHARS_MIN_SINGLE: usize = 13;
/// The old rule's two months (R8.7).
pub const ROTATION_DAYS: i64 = 60;
/// What must be left when everything guessable is taken away, in tenths of a bit: some six characters by chance.
const DECIBITS_MIN: u32 = 300;
/// The same where nothing but the password stands in the way.
const DECIBITS_MIN_SINGLE: u32 = 400;

/// 認証方針 — whose rules apply (R8.6). Ordered from the mildest to the strictest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// 医療情報システムの安全管理に関するガイドライン 第7.0版, two factors.
    #[default]
    Mhlw7TwoFactors,
    /// 介護DBデータを扱う端末, two factors.
    CareDbTwoFactors,
    /// 第7.0版, the password alone.
    Mhlw7Single,
    /// 介護DBデータを扱う端末, the password alone: the old rules of mixing and changing still bind.
    CareDbSingle,
}

impl Profile {
    /// Every profile, for documents and tests.
    pub const ALL: [Self; 4] = [Self::Mhlw7TwoFactors, Self::CareDbTwoFactors, Self::Mhlw7Single, Self::CareDbSingle];

    /// Stable id, for tables and configuration.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Mhlw7TwoFactors => "mhlw7-2fa",
            Self::CareDbTwoFactors => "careDB-2fa",
            Self::Mhlw7Single => "mhlw7-single",
            Self::CareDbSingle => "careDB-single",
        }
    }

    /// The profile with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.id() == id)
    }

    /// The strictest of those that apply; the default if none does.
    #[must_use]
    pub fn strictest(profiles: impl IntoIterator<Item = Self>) -> Self {
        profiles.into_iter().max().unwrap_or_default()
    }

    /// Whether a second factor stands beside the password.
    #[must_use]
    pub const fn two_factors(self) -> bool {
        matches!(self, Self::Mhlw7TwoFactors | Self::CareDbTwoFactors)
    }

    /// The shortest password that may be asked for at all.
    #[must_use]
    pub const fn floor(self) -> usize {
        if self.two_factors() { CHARS_MIN_TWO_FACTORS } else { CHARS_MIN_SINGLE }
    }

    /// Whether symbols must be mixed in. Letters and digits must be everywhere.
    const fn needs_symbol(self) -> bool {
        matches!(self, Self::CareDbSingle)
    }

    const fn decibits_min(self) -> u32 {
        if self.two_factors() { DECIBITS_MIN } else { DECIBITS_MIN_SINGLE }
    }
}

/// A profile with the shortest length asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    profile: Profile,
    chars_min: usize,
}

impl Policy {
    /// The profile with its default length.
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        Self { profile, chars_min: CHARS_MIN_DEFAULT }
    }

    /// With another length: `None` below the profile's floor, or where hardly any password would fit.
    #[must_use]
    pub fn with_chars_min(profile: Profile, chars_min: usize) -> Option<Self> {
        (profile.floor()..=PASSWORD_CHARS_MAX / 2).contains(&chars_min).then_some(Self { profile, chars_min })
    }

    /// Whose rules.
    #[must_use]
    pub const fn profile(self) -> Profile {
        self.profile
    }

    /// Whether symbols must be mixed in.
    #[must_use]
    pub const fn needs_symbol(self) -> bool {
        self.profile.needs_symbol()
    }

    /// The shortest password taken.
    #[must_use]
    pub const fn chars_min(self) -> usize {
        self.chars_min
    }
}

/// 本人について知られていること — what a guesser would try first.
#[derive(Clone, Copy, Default)]
pub struct About<'a> {
    /// The login.
    pub login: &'a str,
    /// Name and reading, as written.
    pub names: &'a [&'a str],
    /// The numbers of the person's offices.
    pub office_numbers: &'a [&'a str],
    /// Their names.
    pub office_names: &'a [&'a str],
    /// The one-time code that opened the set-up, if it is still at hand: it must not become the password (R8.12).
    pub code: Option<&'a str>,
}

impl fmt::Debug for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("About(..)")
    }
}

/// 推測されやすい形 — what made a password cheap. It says which kind, never which word: somebody may look on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// A Japanese word, a common name or place, a word of care.
    Word,
    /// A frequent password or an English word.
    Common,
    /// The person's own name.
    Name,
    /// The login.
    Login,
    /// The office's number or name.
    Office,
    /// A year or a date.
    Year,
    /// Neighbouring keys.
    Keyboard,
    /// The same thing again.
    Repeat,
    /// abc, 123, あいう.
    Sequence,
    /// None of these, and still too little: mostly digits.
    Simple,
}

impl Pattern {
    /// Every pattern, for documents and tests.
    pub const ALL: [Self; 10] = [
        Self::Word,
        Self::Common,
        Self::Name,
        Self::Login,
        Self::Office,
        Self::Year,
        Self::Keyboard,
        Self::Repeat,
        Self::Sequence,
        Self::Simple,
    ];
}

/// パスワードの弱さ — why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weakness {
    /// Fewer characters than the policy asks for.
    TooShort {
        /// The fewest.
        chars_min: usize,
    },
    /// More than [`PASSWORD_CHARS_MAX`] characters.
    TooLong,
    /// Control or invisible characters, which another keyboard cannot type.
    Invisible,
    /// No letter A–Z, a–z.
    NoLetter,
    /// No digit.
    NoDigit,
    /// No symbol, where the old rule asks for one.
    NoSymbol,
    /// It is the one-time code (R8.12).
    SameAsCode,
    /// Too little is left without this (R8.8).
    Guessable(Pattern),
    /// It stands in the list of passwords that have become known (R8.8).
    Breached,
    /// It is one of the earlier ones (R8.8).
    UsedBefore,
}

impl Weakness {
    /// What is wrong.
    #[must_use]
    pub fn what(self) -> String {
        match self {
            Self::TooShort { chars_min } => format!("短すぎます。{chars_min}文字以上にしてください。"),
            Self::TooLong => format!("長すぎます。{PASSWORD_CHARS_MAX}文字までです。"),
            Self::Invisible => "目に見えない文字が入っています。".to_owned(),
            Self::NoLetter => "英字（A–Z、a–z）が入っていません。".to_owned(),
            Self::NoDigit => "数字が入っていません。".to_owned(),
            Self::NoSymbol => "記号が入っていません。".to_owned(),
            Self::SameAsCode => "登録コードと同じです。".to_owned(),
            Self::Guessable(pattern) => match pattern {
                Pattern::Word => "よくある言葉・名前・地名・介護の言葉が、大部分を占めています。",
                Pattern::Common => "よく使われるパスワードか英単語が、大部分を占めています。",
                Pattern::Name => "自分の名前が入っていて、残りが少なすぎます。",
                Pattern::Login => "ログイン名が入っていて、残りが少なすぎます。",
                Pattern::Office => "事業所の番号か名前が入っていて、残りが少なすぎます。",
                Pattern::Year => "年や日付が入っていて、残りが少なすぎます。",
                Pattern::Keyboard => "キーボードの並び順が入っていて、残りが少なすぎます。",
                Pattern::Repeat => "同じ文字や言葉の繰り返しが、大部分を占めています。",
                Pattern::Sequence => "順に並んだ文字（abc、123 など）が入っていて、残りが少なすぎます。",
                Pattern::Simple => "組み合わせが単純すぎます。",
            }
            .to_owned(),
            Self::Breached => "流出したパスワードの一覧にあります。".to_owned(),
            Self::UsedBefore => "前に使ったパスワードです。".to_owned(),
        }
    }

    /// What to do now.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "つながりのない言葉をいくつか並べ、間に数字を入れると、長くても覚えられます。",
            Self::TooLong => "短くしてください。途中までで受け取ることはありません。",
            Self::Invisible => "キーボードで打てる文字だけにしてください。",
            Self::NoLetter => "英字を一つ以上入れてください。",
            Self::NoDigit => "数字を一つ以上入れてください。",
            Self::NoSymbol => "記号（# や % など）を一つ以上入れてください。",
            Self::SameAsCode => "登録コードとは別のものを、自分で決めてください。",
            Self::Guessable(_) => {
                "自分や事業所と関わりのない言葉を四つ以上並べるか、パスワード管理の道具に作らせてください。"
            }
            Self::Breached => {
                "ほかで使っているなら、そちらも替えてください。ここでは、まったく別のものにしてください。"
            }
            Self::UsedBefore => "これまで使っていないものにしてください。",
        }
    }
}

/// 受け取ったパスワード — as typed at sign-in: normalised, bounded, and not judged. Debug prints nothing of it.
#[derive(Clone)]
pub struct Typed(Zeroizing<String>);

impl Typed {
    /// In NFKC, which makes full-width and half-width letters one; `None` if nothing so long can be a password.
    #[must_use]
    pub fn of(password: &str) -> Option<Self> {
        if password.len() > PASSWORD_BYTES_MAX {
            return None;
        }
        // One character may become eighteen; whatever grows past the bound is refused, not cut.
        let mut normal = Zeroizing::new(String::with_capacity(PASSWORD_CHARS_MAX * 4 + 4));
        normal.extend(password.nfkc().take(PASSWORD_CHARS_MAX + 1));
        (normal.chars().count() <= PASSWORD_CHARS_MAX).then_some(Self(normal))
    }

    /// The bytes to hash. Never to be logged, stored or sent.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its length in characters, which is kept beside the hash (R8.7).
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// The digest by which lists of breached passwords are searched. For nothing else: SHA-1 protects nothing.
    #[must_use]
    pub fn breach_digest(&self) -> [u8; 20] {
        Sha1::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed(..)")
    }
}

/// 採用できるパスワード — judged and found good. Only [`judge`] makes it, and only this becomes somebody's password.
#[derive(Clone, Debug)]
pub struct Accepted(Typed);

impl Accepted {
    /// What was accepted.
    #[must_use]
    pub const fn typed(&self) -> &Typed {
        &self.0
    }
}

/// Whether a password may be somebody's (R8.6, R8.8, R8.12); otherwise everything that is wrong with it.
///
/// `used_before` compares with the hashes of the earlier ones and is asked last and only if nothing else is wrong, since
/// each comparison costs a full hash.
pub fn judge(
    password: &str,
    about: &About<'_>,
    policy: Policy,
    breached: &dyn Breached,
    used_before: &dyn Fn(&Typed) -> bool,
) -> Result<Accepted, Vec<Weakness>> {
    let Some(typed) = Typed::of(password) else { return Err(vec![Weakness::TooLong]) };
    let mut weak = Vec::new();
    let text = typed.reveal();
    if typed.chars() < policy.chars_min {
        weak.push(Weakness::TooShort { chars_min: policy.chars_min });
    }
    if text.chars().any(is_invisible) {
        weak.push(Weakness::Invisible);
    }
    if !text.contains(|char: char| char.is_ascii_alphabetic()) {
        weak.push(Weakness::NoLetter);
    }
    if !text.contains(|char: char| char.is_ascii_digit()) {
        weak.push(Weakness::NoDigit);
    }
    if policy.profile.needs_symbol() && !text.contains(|char: char| !char.is_alphanumeric()) {
        weak.push(Weakness::NoSymbol);
    }
    if about.code.and_then(Typed::of).is_some_and(|code| bool::from(code.0.as_bytes().ct_eq(text.as_bytes()))) {
        weak.push(Weakness::SameAsCode);
    }
    weak.extend(guessable(text, about, policy.profile, weak.is_empty()));
    if breached.holds(typed.breach_digest()) {
        weak.push(Weakness::Breached);
    }
    if weak.is_empty() && used_before(&typed) {
        weak.push(Weakness::UsedBefore);
    }
    if weak.is_empty() { Ok(Accepted(typed)) } else { Err(weak) }
}

fn guessable(text: &str, about: &About<'_>, profile: Profile, say_simple: bool) -> Vec<Weakness> {
    let strength = guessable::strength(text, &Attributes::of(about));
    if strength.decibits >= profile.decibits_min() {
        return Vec::new();
    }
    match strength.patterns.as_slice() {
        // Too short, or without letters, was said already.
        [] if say_simple => vec![Weakness::Guessable(Pattern::Simple)],
        patterns => patterns.iter().map(|pattern| Weakness::Guessable(*pattern)).collect(),
    }
}

/// Control characters, and those that take no room: another keyboard cannot type them.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFD}'
            | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// 変更が要る理由 — why a password must be changed at the next sign-in (R8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It has become known.
    Breached,
    /// The old rule's two months are over.
    TooOld,
}

impl Reason {
    /// Stable id, for tables.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Breached => "breached",
            Self::TooOld => "too-old",
        }
    }

    /// The reason with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Breached, Self::TooOld].into_iter().find(|reason| reason.id() == id)
    }

    /// What to tell the person.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Breached => "このパスワードは、流出した一覧にありました。今すぐ新しいものに替えてください。",
            Self::TooOld => "パスワードを決めてから2か月がたちました。新しいものに替えてください。",
        }
    }
}

/// Whether a password must be changed now (R8.7). Age alone never is a reason, except where a short password is the only
/// factor at a terminal for the care database.
#[must_use]
pub fn must_change(profile: Profile, chars: usize, age_days: i64, breached: bool) -> Option<Reason> {
    if breached {
        return Some(Reason::Breached);
    }
    let old_rule = profile == Profile::CareDbSingle && chars < CHARS_MIN_SINGLE;
    (old_rule && age_days >= ROTATION_DAYS).then_some(Reason::TooOld)
}
