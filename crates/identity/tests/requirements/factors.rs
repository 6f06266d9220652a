use fumibako_identity::factor::{
    Assertion, AssertionRefused, Kind, Means, NotTwoFactors, TwoFactors, certificate, may_combine, passkey, password,
    recovery_code,
};
use fumibako_identity::totp::{self, CodeRefused, STEP_SECONDS, Seed, verify};
use jiff::{SignedDuration, Timestamp};

use crate::morning;

const HASH: [u8; 32] = [7; 32];

fn knows(account: &str) -> fumibako_identity::Proof {
    password(account, &HASH, &HASH).expect("the same hash")
}

/// The published seed of RFC 6238.
fn seed() -> Seed {
    Seed::of(*b"12345678901234567890")
}

/// What an app with this seed shows.
fn shown(at: Timestamp) -> String {
    use totp_rs::{Algorithm, Builder, Secret};
    let app = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_secret(Secret::new(Box::new(*seed().reveal())))
        .build_noncompliant();
    app.generate(u64::try_from(at.as_second()).expect("after 1970")).to_string()
}

#[test]
fn r8_3_two_steps_are_not_two_factors() {
    use Means::{EmailCode, OfficeCertificate, Passkey, Password, PersonalCertificate, SecurityQuestion, Totp};
    for (a, b, expected) in [
        (Password, SecurityQuestion, Err(NotTwoFactors::SameKind)),
        (Password, EmailCode, Err(NotTwoFactors::NotPersonal)),
        (PersonalCertificate, PersonalCertificate, Err(NotTwoFactors::SameKind)),
        (OfficeCertificate, OfficeCertificate, Err(NotTwoFactors::NotPersonal)),
        (OfficeCertificate, Password, Err(NotTwoFactors::NotPersonal)),
        (Totp, Passkey, Err(NotTwoFactors::SameKind)),
        (Password, Totp, Ok(())),
        (Password, Passkey, Ok(())),
        (Password, PersonalCertificate, Ok(())),
    ] {
        assert_eq!(may_combine(a, b), expected, "{a:?} {b:?}");
        assert_eq!(may_combine(b, a), expected, "{b:?} {a:?}");
    }
}

#[test]
fn r8_3_a_session_needs_two_kinds_of_one_account() {
    let code = |account| recovery_code(account, &HASH, &HASH, false).expect("right and unused");
    assert_eq!(TwoFactors::of(knows("a"), knows("a")).err(), Some(NotTwoFactors::SameKind));
    assert_eq!(TwoFactors::of(code("a"), code("a")).err(), Some(NotTwoFactors::SameKind));
    assert_eq!(TwoFactors::of(knows("a"), code("b")).err(), Some(NotTwoFactors::OtherAccount));
    assert_eq!(TwoFactors::of(knows("a"), code("a")).map(|two| two.account().to_owned()), Ok("a".to_owned()));
    assert_eq!(TwoFactors::of(code("a"), knows("a")).map(|two| two.account().to_owned()), Ok("a".to_owned()));
}

#[test]
fn r8_3_the_offices_certificate_is_nobodys_factor() {
    assert_eq!(certificate("a", None).err(), Some(NotTwoFactors::NotPersonal));
    assert_eq!(certificate("a", Some("b")).err(), Some(NotTwoFactors::OtherAccount));
    assert_eq!(certificate("a", Some("a")).map(|proof| proof.kind()), Ok(Kind::Possession));
}

#[test]
fn r8_2_a_wrong_or_empty_hash_proves_nothing() {
    let mut other = HASH;
    other[31] ^= 1;
    assert!(password("a", &HASH, &other).is_none());
    assert!(password("a", &HASH, &HASH[..31]).is_none());
    assert!(password("a", &[], &[]).is_none());
    assert!(recovery_code("a", &HASH, &HASH, true).is_none(), "a recovery code is used once");
}

#[test]
fn r8_4_a_passkey_must_be_genuine_verified_and_move_on() {
    let good = Assertion { genuine: true, user_verified: true, counter: 5, counter_kept: 4 };
    assert!(passkey("a", &good).is_ok());
    assert!(passkey("a", &Assertion { counter: 0, counter_kept: 0, ..good }).is_ok(), "keeps no counter");
    for (assertion, expected) in [
        (Assertion { genuine: false, ..good }, AssertionRefused::NotGenuine),
        (Assertion { user_verified: false, ..good }, AssertionRefused::NotVerified),
        (Assertion { counter: 4, ..good }, AssertionRefused::CounterBack),
        (Assertion { counter: 3, ..good }, AssertionRefused::CounterBack),
        (Assertion { counter: 0, ..good }, AssertionRefused::CounterBack),
    ] {
        assert_eq!(passkey("a", &assertion).err(), Some(expected));
    }
}

#[test]
fn r8_5_the_published_codes_are_right() {
    for (second, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        let at = Timestamp::from_second(second).expect("in range");
        assert_eq!(verify(&seed(), code, at, None).map(|step| step.number()), Ok(totp::step(at)), "{second}");
    }
}

#[test]
fn r8_5_a_step_is_taken_once_and_one_step_of_drift_is_allowed() {
    let now = morning();
    let by = |steps: i64| now + SignedDuration::from_secs(steps * STEP_SECONDS as i64);
    let code = shown(now);
    let step = verify(&seed(), &code, now, None).expect("right").number();
    assert_eq!(step, totp::step(now));
    // On this node and on any other that sees what was kept.
    assert_eq!(verify(&seed(), &code, now, Some(step)), Err(CodeRefused::Used));
    assert_eq!(verify(&seed(), &code, by(1), Some(step)), Err(CodeRefused::Used));
    // Telephones that are a step slow or fast.
    for drift in [-1, 1] {
        assert_eq!(verify(&seed(), &code, by(drift), None).map(|step| step.number()), Ok(step));
    }
    for drift in [-2, 2, -2880, 2880] {
        assert_eq!(verify(&seed(), &code, by(drift), None), Err(CodeRefused::Wrong), "{drift}");
    }
    // An earlier step than the last one used is used up too.
    assert_eq!(verify(&seed(), &shown(by(-1)), now, Some(step)), Err(CodeRefused::Used));
    assert!(verify(&seed(), &shown(by(1)), now, Some(step)).is_ok());
}

#[test]
fn r8_5_a_code_is_six_digits_in_any_width() {
    let at = Timestamp::from_second(1_111_111_111).expect("in range");
    for code in ["050471", "050 471", "０５０４７１", " 050-471 "] {
        assert!(verify(&seed(), code, at, None).is_ok(), "{code}");
    }
    let long = "0".repeat(10_000);
    for code in ["", "50471", "0504710", "05047a", "٠٥٠٤٧١", "-050471x", long.as_str()] {
        assert_eq!(verify(&seed(), code, at, None), Err(CodeRefused::NotACode));
    }
}

#[test]
fn r8_5_a_thousand_guesses_fail() {
    let now = morning();
    let right = shown(now);
    let wrong = (0..1000).map(|guess| format!("{guess:06}")).filter(|guess| *guess != right);
    let taken = wrong.filter(|guess| verify(&seed(), guess, now, None).is_ok()).count();
    assert_eq!(taken, 0);
}

#[test]
fn the_apps_uri_and_picture_carry_the_names_escaped() {
    let uri = seed().to_uri("文箱", "hanako&secret=x");
    assert_eq!(
        uri.as_str(),
        "otpauth://totp/%E6%96%87%E7%AE%B1:hanako%26secret%3Dx?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E6%96%87%E7%AE%B1&algorithm=SHA1&digits=6&period=30"
    );
    let svg = seed().to_svg("文箱", "hanako").expect("fits");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>") && !svg.contains("hanako"));
    assert!(seed().to_svg(&"文".repeat(500), &"花".repeat(500)).is_some(), "long names are cut, at whole characters");
    assert_eq!(seed().to_text().as_str(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    assert_eq!(format!("{:?}", seed()), "Seed(..)");
    assert!(Seed::from_bytes(&[0; 19]).is_none() && Seed::from_bytes(&[0; 20]).is_some());
}
