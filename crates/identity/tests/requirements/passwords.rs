use std::cell::Cell;
use std::time::Instant;

use fumibako_identity::breached::{Digests, NoList};
use fumibako_identity::password::{About, Pattern, Policy, Profile, Reason, Typed, Weakness, judge, must_change};
use proptest::prelude::*;
use rand::SeedableRng as _;

const ABOUT: About<'_> = About {
    login: "hanako.y",
    names: &["山田 花子", "ヤマダ ハナコ"],
    office_numbers: &["1370012345"],
    office_names: &["居宅介護支援事業所 ひだまり坂"],
    code: Some("KX7P-2MQD-9TWH"),
};

fn weaknesses_by(password: &str, policy: Policy) -> Vec<Weakness> {
    judge(password, &ABOUT, policy, &NoList, &|_| false).err().unwrap_or_default()
}

fn weaknesses(password: &str) -> Vec<Weakness> {
    weaknesses_by(password, Policy::of(Profile::Mhlw7TwoFactors))
}

fn is_guessable(password: &str) -> bool {
    weaknesses_by(password, Policy::with_chars_min(Profile::Mhlw7TwoFactors, 8).expect("the floor"))
        .iter()
        .any(|weak| matches!(weak, Weakness::Guessable(_)))
}

/// Characters by chance, with the letter and the digit that are asked for.
fn random(rng: &mut impl rand::Rng, chars: usize, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    loop {
        let password: String = (0..chars).map(|_| alphabet[rng.random_range(0..alphabet.len())]).collect();
        if password.contains(|char: char| char.is_ascii_digit()) && password.contains(|c: char| c.is_ascii_alphabetic())
        {
            return password;
        }
    }
}

fn rng() -> rand_chacha::ChaCha20Rng {
    rand_chacha::ChaCha20Rng::seed_from_u64(8)
}

const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SMALL_AND_DIGITS: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const ALL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'()*+,-./:;<=>?@[]^_{|}~";

#[test]
fn r8_6_length_is_counted_in_characters_at_every_boundary() {
    let two = |chars_min| Policy::with_chars_min(Profile::Mhlw7TwoFactors, chars_min).expect("above the floor");
    let single = Policy::with_chars_min(Profile::Mhlw7Single, 13).expect("the floor");
    let mut rng = rng();
    for (policy, chars, taken) in [
        (two(8), 7, false),
        (two(8), 8, true),
        (Policy::of(Profile::Mhlw7TwoFactors), 14, false),
        (Policy::of(Profile::Mhlw7TwoFactors), 15, true),
        (single, 12, false),
        (single, 13, true),
        (two(8), 63, true),
        (two(8), 64, true),
        (two(8), 65, true),
        (two(8), 72, true),
        (two(8), 73, true),
        (two(8), 128, true),
        (two(8), 129, false),
    ] {
        let password = random(&mut rng, chars, LETTERS_AND_DIGITS);
        let judged = judge(&password, &ABOUT, policy, &NoList, &|_| false);
        assert_eq!(judged.is_ok(), taken, "{chars} of {}: {judged:?}", policy.chars_min());
        if let Ok(accepted) = judged {
            // Nothing is cut, at 72 bytes or elsewhere.
            assert_eq!(accepted.typed().reveal(), password);
            assert_eq!(accepted.typed().chars(), chars);
        }
    }
    assert_eq!(Policy::with_chars_min(Profile::Mhlw7TwoFactors, 7), None);
    assert_eq!(Policy::with_chars_min(Profile::Mhlw7Single, 12), None);
    assert_eq!(Policy::with_chars_min(Profile::CareDbSingle, 12), None);
}

#[test]
fn r8_6_what_differs_after_the_72nd_byte_differs() {
    let head = random(&mut rng(), 72, LETTERS_AND_DIGITS);
    let (one, other) = (Typed::of(&format!("{head}a")), Typed::of(&format!("{head}b")));
    assert_ne!(one.expect("short").reveal(), other.expect("short").reveal());
}

#[test]
fn r8_6_letters_and_digits_are_asked_for_and_full_width_ones_count() {
    assert_eq!(weaknesses("qvmxkwzjtrhpgbnd"), [Weakness::NoDigit]);
    assert!(weaknesses("83951740628391").contains(&Weakness::NoLetter));
    assert_eq!(weaknesses("ｑｖｍｘｋｗ８ｚｊｔｒｈｐｇｂｎｄ"), []);
    let typed = Typed::of("ｑ８ｱﾞ").expect("short");
    assert_eq!((typed.reveal(), typed.chars()), ("q8ア\u{3099}", 4));
    assert_eq!(Typed::of("ﾊﾟ8").expect("short").chars(), 2);
}

#[test]
fn r8_6_only_the_old_rule_without_a_second_factor_asks_for_symbols() {
    let password = random(&mut rng(), 20, LETTERS_AND_DIGITS);
    for profile in Profile::ALL {
        let weak = weaknesses_by(&password, Policy::of(profile));
        let expected: &[Weakness] = if profile == Profile::CareDbSingle { &[Weakness::NoSymbol] } else { &[] };
        assert_eq!(weak, expected, "{}", profile.id());
        assert_eq!(Profile::from_id(profile.id()), Some(profile));
    }
}

#[test]
fn r8_6_the_strictest_profile_wins() {
    use Profile::{CareDbSingle, CareDbTwoFactors, Mhlw7Single, Mhlw7TwoFactors};
    assert_eq!(Profile::strictest([]), Mhlw7TwoFactors);
    assert_eq!(Profile::strictest([Mhlw7TwoFactors, CareDbTwoFactors]), CareDbTwoFactors);
    assert_eq!(Profile::strictest([Mhlw7Single, CareDbTwoFactors]), Mhlw7Single);
    assert_eq!(Profile::strictest([CareDbSingle, Mhlw7Single]), CareDbSingle);
    for (mild, strict) in
        [(Mhlw7TwoFactors, CareDbTwoFactors), (CareDbTwoFactors, Mhlw7Single), (Mhlw7Single, CareDbSingle)]
    {
        assert!(mild < strict && mild.floor() <= strict.floor());
    }
}

#[test]
fn r8_6_one_character_that_becomes_eighteen_is_refused_not_cut() {
    assert!(Typed::of(&"\u{FDFA}".repeat(7)).is_some());
    assert!(Typed::of(&"\u{FDFA}".repeat(8)).is_none());
    assert_eq!(weaknesses(&"\u{FDFA}".repeat(400)), [Weakness::TooLong]);
}

#[test]
fn r8_7_change_is_forced_only_where_the_old_rule_binds() {
    for (profile, chars, days, breached, expected) in [
        (Profile::CareDbSingle, 12, 59, false, None),
        (Profile::CareDbSingle, 12, 60, false, Some(Reason::TooOld)),
        (Profile::CareDbSingle, 12, 62, false, Some(Reason::TooOld)),
        (Profile::CareDbSingle, 13, 62, false, None),
        (Profile::CareDbSingle, 13, 400, false, None),
        (Profile::Mhlw7Single, 12, 400, false, None),
        (Profile::Mhlw7TwoFactors, 8, 400, false, None),
        (Profile::CareDbTwoFactors, 8, 400, false, None),
        (Profile::Mhlw7TwoFactors, 20, 0, true, Some(Reason::Breached)),
        (Profile::CareDbSingle, 20, 0, true, Some(Reason::Breached)),
    ] {
        assert_eq!(must_change(profile, chars, days, breached), expected, "{} {chars} {days}", profile.id());
    }
}

#[test]
fn r8_8_words_names_years_offices_and_walks_are_refused() {
    let guessable = [
        "Kaigo2026Shien!",
        "kaigo-2026-shien!!",
        "K.a.i.g.o.2026.Shien",
        "K@ig02026Sh1en!!",
        "sien2026kaigo123",
        "neihs2026ogiaK!!",
        "careplan2026!!!!",
        // Name in kana and in letters, with years of both calendars and birthdays.
        "やまだはなこ1980a",
        "ヤマダハナコ1980a",
        "ﾔﾏﾀﾞﾊﾅｺ1980a",
        "yamadahanako1980",
        "YamadaHanako1980!",
        "hanako-yamada-s55",
        "Yamada19800512!!",
        "yamada.1980/5/12",
        "山田花子昭和55年5月a",
        "hanako.y2026abcd",
        // Office.
        "1370012345abcdef",
        "a1370012345a1370012345",
        "12345-hidamari-2026",
        "ひだまり坂1370012345a",
        // Keyboards.
        "qwertyuiop1234567",
        "1qaz2wsx3edc4rfv",
        "zaq12wsxcde34rfv",
        "!QAZ2wsx#EDC4rfv",
        "asdfghjkl;:]1234",
        "たていすかんなにらせ1a",
        "ちとしはきくまのり123a",
        // Japanese.
        "sakurasakura2026",
        "さくら2026さくら2026a",
        "tokyotokyotokyo1",
        "ohayougozaimasu1",
        "Fumibako2026Fumibako!",
        "だいすき1だいすき2だいすき3a",
        "aiueokakikukeko1",
        "あいうえおかきくけこ123a",
        "iroha iroha iroha 1",
        // English, repeats, runs.
        "Password123456789!",
        "letmein-letmein-1",
        "abcdefghijklmnop1",
        "aaaaaaaaaaaaaaa1",
        "a1a1a1a1a1a1a1a1a1a1",
        "x7x7x7x7x7x7x7x7x7x7x7x7",
    ];
    let missed: Vec<_> = guessable.into_iter().filter(|password| !is_guessable(password)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn r8_8_every_width_and_kana_of_a_blocked_word_is_blocked() {
    for word in [
        "Ｋａｉｇｏ２０２６Ｓｈｉｅｎ！",
        "かいご2026しえんa",
        "カイゴ2026シエンa",
        "ｶｲｺﾞ2026ｼｴﾝa",
        "介護2026支援事業所a",
        "㎞kaigo2026",
        "Ｋaigo2026Shi\u{0065}n！",
    ] {
        assert!(is_guessable(word), "{word}");
    }
}

#[test]
fn r8_8_strong_passwords_are_taken() {
    let mut rng = rng();
    for _ in 0..200 {
        for (chars, alphabet) in
            [(20, ALL), (20, LETTERS_AND_DIGITS), (15, ALL), (15, SMALL_AND_DIGITS), (15, LETTERS_AND_DIGITS)]
        {
            let password = random(&mut rng, chars, alphabet);
            for profile in [Profile::Mhlw7TwoFactors, Profile::Mhlw7Single] {
                assert_eq!(weaknesses_by(&password, Policy::of(profile)), [], "{password}");
            }
        }
    }
    for phrase in [
        "teapot9 lantern glacier walnut",
        "kabin-tetsubo7-mimizu-hokuro",
        "霧雨7のうえで ocelot が踊る",
        "correct horse battery staple 4",
    ] {
        assert_eq!(weaknesses(phrase), [], "{phrase}");
    }
}

#[test]
fn r8_8_hardly_any_random_password_of_the_shortest_length_is_refused() {
    let mut rng = rng();
    let refused = (0..1000).filter(|_| is_guessable(&random(&mut rng, 8, LETTERS_AND_DIGITS))).count();
    // Eight characters hold a word or a walk by chance now and then; whoever meets that takes the next one.
    assert!(refused <= 25, "{refused} of 1000");
}

#[test]
fn r8_8_a_breached_password_is_refused_in_any_width() {
    let password = "vellum-osprey-7-quarry";
    let list = Digests::of(vec![Typed::of(password).expect("short").breach_digest()]);
    for typed in [password.to_owned(), password.replace('v', "ｖ")] {
        let judged = judge(&typed, &ABOUT, Policy::of(Profile::default()), &list, &|_| false);
        assert_eq!(judged.err(), Some(vec![Weakness::Breached]));
    }
}

#[test]
fn r8_8_earlier_passwords_are_refused_and_asked_for_last() {
    let asked = Cell::new(0);
    let earlier = ["vellum-osprey-7-quarry", "cobalt-9-harness-igloo"];
    let used_before = |typed: &Typed| {
        asked.set(asked.get() + 1);
        earlier.contains(&typed.reveal())
    };
    let judged = |password| judge(password, &ABOUT, Policy::of(Profile::default()), &NoList, &used_before);
    for password in earlier {
        assert_eq!(judged(password).err(), Some(vec![Weakness::UsedBefore]));
    }
    assert_eq!(asked.get(), 2);
    assert!(judged("Kaigo2026Shien!").is_err());
    assert_eq!(asked.get(), 2, "a comparison costs a full hash");
    assert!(judged("walnut-ferry-3-indigo").is_ok());
}

#[test]
fn r8_8_the_answer_says_which_kind_and_not_which_word() {
    let weak = weaknesses("yamadahanako1980");
    assert_eq!(weak, [Weakness::Guessable(Pattern::Name), Weakness::Guessable(Pattern::Year)]);
    for pattern in Pattern::ALL {
        let weak = Weakness::Guessable(pattern);
        assert!(weak.what().ends_with('。') && weak.fix().ends_with('。'));
    }
    let judged = judge("vellum-osprey-7-quarry", &ABOUT, Policy::of(Profile::default()), &NoList, &|_| false);
    assert_eq!(format!("{judged:?}{ABOUT:?}"), "Ok(Accepted(Typed(..)))About(..)");
}

#[test]
fn r8_12_the_one_time_code_is_no_password() {
    assert!(weaknesses("KX7P-2MQD-9TWH").contains(&Weakness::SameAsCode));
    assert!(weaknesses("ＫＸ7P-2MQD-9TWH").contains(&Weakness::SameAsCode));
}

#[test]
fn invisible_characters_are_refused() {
    for char in ['\u{200B}', '\u{202E}', '\n', '\0', '\u{FEFF}', '\u{AD}'] {
        let password = format!("vellum{char}osprey-7-quarry");
        assert_eq!(weaknesses(&password), [Weakness::Invisible], "{}", char.escape_unicode());
    }
    assert_eq!(weaknesses(" vellum osprey 7　quarry "), [], "spaces are characters like any other");
}

/// What takes long for one part or another: repeats, kana of many spellings, characters that grow, letters written as digits.
fn hostile() -> Vec<String> {
    vec![
        "a".repeat(128),
        "ab".repeat(64),
        format!("{}b", "a".repeat(127)),
        "aab".repeat(42),
        "sakura".repeat(21),
        "4@83($0!|1+7%52".repeat(8),
        "p4$$w0rd!1|+7".repeat(9),
        "1qaz".repeat(32),
        "12".repeat(64),
        "しょう".repeat(42),
        "１９８０".repeat(32),
        "٣".repeat(128),
        "a\u{301}".repeat(64),
        "ゃ゛".repeat(64),
        "abcabcabcabcabcd".repeat(8),
        "㍿".repeat(32),
        "0".repeat(1024),
        "\u{FDFA}".repeat(340),
        "19990101".repeat(16),
    ]
}

#[test]
fn judging_takes_bounded_time() {
    let names: Vec<String> = (0..50).map(|nth| format!("{}{nth}", "しょうしょうしょう".repeat(20))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let number = "1234567890".repeat(50);
    let numbers = [number.as_str(); 50];
    let about = About { login: &number, names: &names, office_numbers: &numbers, office_names: &names, code: None };
    let policy = Policy::of(Profile::default());
    // The lists are read once.
    let _ = judge("warm up", &ABOUT, policy, &NoList, &|_| false);
    let mut slowest = 0;
    for password in hostile() {
        let start = Instant::now();
        let _ = judge(&password, &about, policy, &NoList, &|_| false);
        slowest = slowest.max(start.elapsed().as_millis());
    }
    // Some ten milliseconds where it is optimised; here it may not be, and the machine may be busy.
    assert!(slowest < 5_000, "{slowest} ms");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn judging_never_panics(password in any::<String>(), login in ".{0,40}", name in any::<String>(), number in "[0-9A-Z]{0,12}") {
        let about = About { login: &login, names: &[&name], office_numbers: &[&number], office_names: &[&name], code: Some(&name) };
        for profile in Profile::ALL {
            let _ = judge(&password, &about, Policy::of(profile), &NoList, &|_| true);
        }
    }

    #[test]
    fn judging_never_panics_on_what_patterns_are_made_of(
        parts in prop::collection::vec(prop::sample::select(vec![
            "a", "aa", "1", "19", "80", "/", "年", "s", "5", "qwe", "rty", "さくら", "サ", "ッ", "ー", "ん", "kaigo", "!",
            "٣", "é", "\u{200B}", "０", "ﾊ", "ﾟ", "4@", "昭和", "-", "_", "pass", "word", "😀", "ß", "İ",
        ]), 0..60)
    ) {
        let _ = judge(&parts.concat(), &ABOUT, Policy::of(Profile::default()), &NoList, &|_| false);
    }

    #[test]
    fn r8_6_normalising_twice_changes_nothing(password in any::<String>()) {
        if let Some(typed) = Typed::of(&password) {
            let again = Typed::of(typed.reveal()).expect("no longer than before");
            prop_assert_eq!(again.reveal(), typed.reveal());
        }
    }
}
