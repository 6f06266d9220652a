//! 推測されやすさ: how much of a password is left once everything guessable in it is taken away (R8.8).
//!
//! A password is cut into pieces so that guessing them one after the other is cheapest: a word, a name, a year, a walk over
//! the keyboard, or a single character that nothing explains. Each piece has a price in tenths of a bit; the sum is the
//! strength. Prices are rough on purpose: what matters is that a word is worth a digit or two more than nothing, however
//! long it is.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;

use super::calendar::{When, whens};
use super::keyboard::walk;
use super::romaji::{is_kana, katakana};
use super::words::{WORD_CHARS_MAX, Word, forms, word};
use super::{About, Pattern};

/// The longest text that is cut up.
pub(super) const CHARS_MAX: usize = super::PASSWORD_CHARS_MAX;
/// What `zxcvbn` is given at a time. It multiplies up to the factorial of the number of pieces, and beyond twenty pieces
/// that overflows; its search for repeats grows with more than the square of the length besides.
const ZXCVBN_CHARS_MAX: usize = 20;
/// How far one such window lies from the next: what is no longer than this is seen whole by one of them.
const ZXCVBN_STRIDE: usize = 10;
/// What `zxcvbn` takes for letters, each for one or more.
const LEET: &str = "4@8({[<369!|1705$+%2";
/// It tries every combination of them: with more kinds than this in a window, it sees only what stands between them.
const LEET_KINDS_MAX: usize = 5;
/// How many names, offices and the like are looked at.
const ATTRIBUTES_MAX: usize = 32;
/// How much of each.
const ATTRIBUTE_CHARS_MAX: usize = 64;
/// A piece of an office's number that is recognised.
const NUMBER_CHARS_MIN: usize = 5;

/// Prices, in tenths of a bit.
mod price {
    pub(super) const LETTER: u32 = 50;
    pub(super) const DIGIT: u32 = 33;
    /// The symbols that everyone appends or puts between words.
    pub(super) const COMMON_SYMBOL: u32 = 25;
    pub(super) const SYMBOL: u32 = 50;
    pub(super) const KANA: u32 = 60;
    pub(super) const KANJI: u32 = 90;
    pub(super) const WORD: u32 = 80;
    /// There are few words of care, and whoever guesses begins with them.
    pub(super) const TRADE_WORD: u32 = 50;
    /// What others know about a person is worth next to nothing.
    pub(super) const ATTRIBUTE: u32 = 20;
    pub(super) const YEAR: u32 = 50;
    pub(super) const SHORT_YEAR: u32 = 80;
    pub(super) const DATE: u32 = 100;
    pub(super) const SHORT_DATE: u32 = 90;
    pub(super) const DAY: u32 = 80;
    pub(super) const WALK: u32 = 90;
    pub(super) const TURN: u32 = 20;
    /// Who walks once walks on: 1qaz, 2wsx, 3edc.
    pub(super) const NEXT_WALK: u32 = 40;
    pub(super) const SEQUENCE: u32 = 60;
    /// For writing a word backwards, with 0 for o, in mixed case; for writing something once more.
    pub(super) const TWIST: u32 = 10;
    pub(super) const LEAST: u32 = 10;
    /// For characters between the letters of everything: k-a-i-g-o.
    pub(super) const STRIPPED: u32 = 60;
}

/// The orders that people count in.
const ORDERS: [&str; 4] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス",
];
/// A shorter run of an order is an accident.
const ORDER_CHARS_MIN: usize = 4;
/// A shorter repeat is an accident.
const RUN_CHARS_MIN: usize = 3;
/// A shorter word of a list of frequent passwords is an accident: the lists hold thousands of three letters.
const KNOWN_CHARS_MIN: usize = 4;

/// What a password is worth, and what made it cheap.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Strength {
    /// In tenths of a bit.
    pub(super) decibits: u32,
    /// The kinds of pieces, each once.
    pub(super) patterns: Vec<Pattern>,
}

/// What others know about the person, folded, with the kind it is.
pub(super) struct Attributes(HashMap<String, Pattern>);

impl Attributes {
    pub(super) fn of(about: &About<'_>) -> Self {
        let mut known = HashMap::new();
        let mut add = |text: &str, pattern: Pattern| {
            let text: String = text.nfkc().take(ATTRIBUTE_CHARS_MAX).collect();
            for part in parts(&text) {
                for form in forms(&part) {
                    let least = if form.is_ascii() { 3 } else { 1 };
                    // A single kana is not a name, a single kanji may be.
                    let short = form.chars().count() < 2 && form.chars().all(is_kana);
                    if form.chars().count() >= least && !short {
                        known.entry(form).or_insert(pattern);
                    }
                }
            }
        };
        for name in about.names.iter().take(ATTRIBUTES_MAX) {
            add(name, Pattern::Name);
        }
        add(about.login, Pattern::Login);
        for name in about.office_names.iter().take(ATTRIBUTES_MAX) {
            add(name, Pattern::Office);
        }
        for number in about.office_numbers.iter().take(ATTRIBUTES_MAX) {
            let folded: Vec<char> = number.nfkc().take(ATTRIBUTE_CHARS_MAX).map(fold).collect();
            for from in 0..folded.len() {
                for to in from + NUMBER_CHARS_MIN..=folded.len().min(from + WORD_CHARS_MAX) {
                    known.insert(folded[from..to].iter().collect(), Pattern::Office);
                }
            }
        }
        Self(known)
    }
}

/// The whole, and its pieces where spaces, marks or the kind of writing change: さくら居宅介護 has a part さくら.
fn parts(text: &str) -> HashSet<String> {
    let folded: String = text.chars().map(fold).collect();
    let mut parts: HashSet<String> = HashSet::new();
    let joined: String = folded.chars().filter(|char| char.is_alphanumeric() || is_kana(*char)).collect();
    parts.insert(joined);
    let mut part = String::new();
    let mut writing = None;
    for char in folded.chars() {
        let now = Writing::of(char);
        if writing != Some(now) && !part.is_empty() {
            parts.insert(std::mem::take(&mut part));
        }
        writing = Some(now);
        if now != Writing::Mark {
            part.push(char);
        }
    }
    parts.insert(part);
    parts.remove("");
    parts
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writing {
    Letter,
    Digit,
    Kana,
    Other,
    Mark,
}

impl Writing {
    fn of(char: char) -> Self {
        match char {
            char if is_kana(char) => Self::Kana,
            char if char.is_ascii_alphabetic() => Self::Letter,
            char if char.is_ascii_digit() => Self::Digit,
            char if char.is_alphanumeric() => Self::Other,
            _ => Self::Mark,
        }
    }
}

/// Small letters without accents, katakana.
fn fold(char: char) -> char {
    if is_kana(char) {
        return katakana(char);
    }
    let small = char.to_lowercase().next().unwrap_or(char);
    if small.is_ascii() { small } else { std::iter::once(small).nfd().next().unwrap_or(small) }
}

/// What a password is worth to somebody who knows the lists and the person. `password` is normalised.
pub(super) fn strength(password: &str, attributes: &Attributes) -> Strength {
    let chars: Vec<char> = password.chars().take(CHARS_MAX).collect();
    let whole = cheapest(&chars, attributes, true);
    let bare: Vec<char> = chars.iter().copied().filter(|char| !is_separator(*char)).collect();
    if bare.len() == chars.len() || bare.is_empty() {
        return whole;
    }
    // k-a-i-g-o: the same without what stands between.
    let mut stripped = cheapest(&bare, attributes, true);
    stripped.decibits += price::STRIPPED;
    if stripped.decibits < whole.decibits { stripped } else { whole }
}

const fn is_separator(char: char) -> bool {
    matches!(char, '-' | '_' | '.' | ',' | ' ' | '/' | ':' | '*' | '+' | '・')
}

/// A piece of the cheapest cut.
#[derive(Clone, Copy)]
struct Piece {
    from: usize,
    price: u32,
    pattern: Option<Pattern>,
}

fn cheapest(chars: &[char], attributes: &Attributes, outermost: bool) -> Strength {
    let text = Folded::of(chars);
    let mut pieces: Vec<Vec<(usize, u32, Pattern)>> = vec![Vec::new(); chars.len()];
    for (from, pieces) in pieces.iter_mut().enumerate() {
        text.named(from, attributes, pieces);
        text.patterned(from, pieces);
    }
    for (from, to, price, pattern) in known(chars) {
        pieces[from].push((to, price, pattern));
    }
    if outermost {
        for (from, to, price) in text.repeats(attributes) {
            pieces[from].push((to, price, Pattern::Repeat));
        }
    }
    // The cheapest way to each place, from left to right.
    let mut best: Vec<(u32, Piece)> = vec![(u32::MAX, Piece { from: 0, price: 0, pattern: None }); chars.len() + 1];
    best[0].0 = 0;
    for from in 0..chars.len() {
        let so_far = best[from].0;
        let single = (from + 1, single(chars[from]), None);
        let others = pieces[from].iter().map(|(to, price, pattern)| (*to, *price, Some(*pattern)));
        for (to, price, pattern) in std::iter::once(single).chain(others) {
            let sum = so_far.saturating_add(price);
            if to > from && to <= chars.len() && sum < best[to].0 {
                best[to] = (sum, Piece { from, price, pattern });
            }
        }
    }
    text.add_up(&best)
}

const fn single(char: char) -> u32 {
    match char {
        '0'..='9' => price::DIGIT,
        '!' | '?' | '.' | '-' | '_' | ' ' => price::COMMON_SYMBOL,
        'a'..='z' | 'A'..='Z' => price::LETTER,
        char if char.is_ascii() => price::SYMBOL,
        char if is_kana(char) => price::KANA,
        _ => price::KANJI,
    }
}

/// A view of the text in which words are looked for: as a string with the byte where each character begins.
struct View {
    text: String,
    at: Vec<usize>,
    extra: u32,
    backwards: bool,
}

impl View {
    fn of(chars: impl Iterator<Item = char>, extra: u32, backwards: bool) -> Self {
        let (mut text, mut at) = (String::new(), vec![0]);
        for char in chars {
            text.push(char);
            at.push(text.len());
        }
        Self { text, at, extra, backwards }
    }

    /// The characters of the password from `from` to before `to`, as this view shows them.
    fn slice(&self, from: usize, to: usize) -> &str {
        let chars = self.at.len() - 1;
        let (from, to) = if self.backwards { (chars - to, chars - from) } else { (from, to) };
        &self.text[self.at[from]..self.at[to]]
    }
}

struct Folded<'a> {
    chars: &'a [char],
    folded: Vec<char>,
    views: Vec<View>,
}

impl<'a> Folded<'a> {
    fn of(chars: &'a [char]) -> Self {
        let folded: Vec<char> = chars.iter().map(|char| fold(*char)).collect();
        let mut views = vec![View::of(folded.iter().copied(), 0, false)];
        views.push(View::of(folded.iter().rev().copied(), price::TWIST, true));
        for one in ['i', 'l'] {
            let unleet: Vec<char> = folded.iter().map(|char| unleet(*char, one)).collect();
            if unleet != folded {
                views.push(View::of(unleet.into_iter(), price::TWIST, false));
            }
        }
        Self { chars, folded, views }
    }

    /// Words and attributes that begin at `from`.
    fn named(&self, from: usize, attributes: &Attributes, pieces: &mut Vec<(usize, u32, Pattern)>) {
        let most = self.chars.len().min(from + WORD_CHARS_MAX);
        for view in &self.views {
            for to in from + 1..=most {
                let part = view.slice(from, to);
                let named = attributes.0.get(part).map(|pattern| (price::ATTRIBUTE, *pattern));
                let named = named.or_else(|| {
                    word(part).map(|word| match word {
                        Word::Trade => (price::TRADE_WORD, Pattern::Word),
                        Word::Common => (price::WORD, Pattern::Word),
                    })
                });
                if let Some((price, pattern)) = named {
                    pieces.push((to, price + view.extra + odd_case(&self.chars[from..to]), pattern));
                }
            }
        }
    }

    /// Years, walks and orders that begin at `from`.
    fn patterned(&self, from: usize, pieces: &mut Vec<(usize, u32, Pattern)>) {
        for (length, when) in whens(&self.folded[from..]) {
            let price = match when {
                When::Year => price::YEAR,
                When::ShortYear => price::SHORT_YEAR,
                When::Date => price::DATE,
                When::ShortDate => price::SHORT_DATE,
                When::Day => price::DAY,
            };
            pieces.push((from + length, price, Pattern::Year));
        }
        if let Some((length, turns)) = walk(&self.folded[from..]) {
            // Every shorter walk is one too: a word may begin where it should end.
            for short in 4..=length {
                pieces.push((from + short, price::WALK + price::TURN.saturating_mul(turns), Pattern::Keyboard));
            }
        }
        if let Some(length) = ORDERS.iter().filter_map(|order| run(order, &self.folded[from..])).max() {
            pieces.push((from + length, price::SEQUENCE, Pattern::Sequence));
        }
    }

    /// Blocks written several times on end: where, and what the block and its number are worth together.
    fn repeats(&self, attributes: &Attributes) -> Vec<(usize, usize, u32)> {
        let text = &self.folded;
        let mut found: Vec<(usize, usize, u32)> = Vec::new();
        for period in 1..=text.len() / 2 {
            let mut from = 0;
            while from + period < text.len() {
                let same = (from + period..text.len()).take_while(|at| text[*at] == text[*at - period]).count();
                let times = same / period + 1;
                let whole = period * times;
                // What a shorter period has found is not looked at again: otherwise `aaaa…` costs its square.
                let new = !found.iter().any(|(start, end, _)| *start <= from && *end >= from + whole);
                if times >= 2 && whole >= RUN_CHARS_MIN && new {
                    let block = if period == 1 {
                        single(self.chars[from])
                    } else {
                        cheapest(&self.chars[from..from + period], attributes, false).decibits
                    };
                    found.push((from, from + whole, block + price::TWIST * times.ilog2().max(1)));
                }
                from += same.max(1);
            }
        }
        found
    }

    /// The sum along the cheapest cut. What stands in it a second time is worth only the thought of repeating it.
    fn add_up(&self, best: &[(u32, Piece)]) -> Strength {
        let (mut decibits, mut patterns, mut seen) = (0, Vec::new(), HashSet::new());
        let mut to = self.chars.len();
        while to > 0 {
            let Piece { from, price, pattern } = best[to].1;
            let counts = pattern.is_some() || price == price::COMMON_SYMBOL;
            let again = counts && !seen.insert(&self.folded[from..to]);
            decibits += match pattern {
                _ if again => price.min(price::TWIST),
                Some(Pattern::Keyboard) if patterns.contains(&Pattern::Keyboard) => price.min(price::NEXT_WALK),
                _ => price,
            };
            patterns.extend(pattern);
            to = from;
        }
        patterns.sort_unstable();
        patterns.dedup();
        Strength { decibits, patterns }
    }
}

fn unleet(char: char, one: char) -> char {
    match char {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

/// kaigo, KAIGO and Kaigo are one word to a guesser; kAiGo is worth a little.
fn odd_case(chars: &[char]) -> u32 {
    let [_, rest @ ..] = chars else { return 0 };
    let capitals = rest.iter().filter(|char| char.is_uppercase()).count();
    if capitals == 0 || rest.iter().all(|char| !char.is_lowercase()) { 0 } else { price::TWIST }
}

/// How long a run of this order, forwards or backwards, begins the text.
fn run(order: &str, chars: &[char]) -> Option<usize> {
    let first = *chars.first()?;
    let order: Vec<char> = order.chars().collect();
    let mut longest = 0;
    for (at, _) in order.iter().enumerate().filter(|(_, char)| **char == first) {
        let forwards = order[at..].iter().zip(chars).take_while(|(a, b)| a == b).count();
        let backwards = order[..=at].iter().rev().zip(chars).take_while(|(a, b)| a == b).count();
        longest = longest.max(forwards).max(backwards);
    }
    (longest >= ORDER_CHARS_MIN).then_some(longest)
}

/// What `zxcvbn` recognises: English words, frequent passwords, walks and repeats of its own.
///
/// It is given runs of ASCII only and a bounded length of each: beyond ASCII it knows nothing, and some of its patterns take
/// every digit of the world for one it can read. Its sequences are left aside, being too easily found in what is random, and
/// its years and dates: they depend on the present year, and nothing here may.
fn known(chars: &[char]) -> Vec<(usize, usize, u32, Pattern)> {
    use zxcvbn::matching::patterns::MatchPattern;
    let mut found = Vec::new();
    let mut look = |from: usize, part: &[char]| {
        let text: String = part.iter().collect();
        for piece in zxcvbn::zxcvbn(&text, &[]).sequence() {
            let (pattern, least) = match piece.pattern {
                MatchPattern::Dictionary(_) => (Pattern::Common, KNOWN_CHARS_MIN),
                MatchPattern::Spatial(_) => (Pattern::Keyboard, KNOWN_CHARS_MIN),
                MatchPattern::Repeat(_) => (Pattern::Repeat, RUN_CHARS_MIN),
                MatchPattern::Sequence(_)
                | MatchPattern::Regex(_)
                | MatchPattern::Date(_)
                | MatchPattern::BruteForce => continue,
            };
            let price = decibits(piece.guesses.unwrap_or(u64::MAX));
            if piece.j < part.len() && piece.j + 1 >= piece.i + least {
                found.push((from + piece.i, from + piece.j + 1, price, pattern));
            }
        }
    };
    let mut start = 0;
    for run in chars.split(|char| !char.is_ascii()) {
        for from in (0..run.len()).step_by(ZXCVBN_STRIDE) {
            let window = &run[from..run.len().min(from + ZXCVBN_CHARS_MAX)];
            let stands_for_letter: HashSet<char> = window.iter().copied().filter(|char| LEET.contains(*char)).collect();
            if stands_for_letter.len() <= LEET_KINDS_MAX {
                look(start + from, window);
            } else {
                let mut at = start + from;
                for part in window.split(|char| LEET.contains(*char)) {
                    look(at, part);
                    at += part.len() + 1;
                }
            }
            if from + ZXCVBN_CHARS_MAX >= run.len() {
                break;
            }
        }
        start += run.len() + 1;
    }
    found
}

/// Ten times the binary logarithm, roughly: whole bits and the next three digits.
fn decibits(guesses: u64) -> u32 {
    let whole = guesses.max(1).ilog2();
    let tenths = match whole {
        0..3 => 0,
        // The three digits after the first, as eighths of the way to the next bit.
        _ => u32::try_from((guesses >> (whole - 3)) & 7).unwrap_or_default() * 10 / 8,
    };
    (whole * 10 + tenths).max(price::LEAST)
}
