//! 認証アプリの6桁コード: TOTP (RFC 6238), each step once (R8.5).

use std::fmt;

use fast_qr::{ECL, QRBuilder};
use jiff::Timestamp;
use subtle::ConstantTimeEq as _;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::factor::{Kind, Proof};

/// Bytes of a seed: what SHA-1 takes in without a loss.
pub const SEED_BYTES: usize = 20;
/// Digits of a code. Authenticator apps show six, whatever else is asked for.
pub const DIGITS: usize = 6;
/// How long a code is shown.
pub const STEP_SECONDS: u64 = 30;
/// How many steps earlier or later a code is still taken: telephones' clocks differ by seconds, not by minutes.
pub const DRIFT_STEPS: u64 = 1;
/// The longest name in the app, in bytes once escaped, so that the picture stays readable on a small screen.
const LABEL_BYTES_MAX: usize = 300;

/// 種 — the secret that app and exchange share. It is kept sealed; Debug prints nothing of it.
pub struct Seed(Zeroizing<[u8; SEED_BYTES]>);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Seed {
    /// From random bytes, or from those that were sealed.
    #[must_use]
    pub fn of(bytes: [u8; SEED_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// From the bytes that were sealed.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self::of(bytes.try_into().ok()?))
    }

    /// The bytes to seal. Never to be logged or sent.
    #[must_use]
    pub fn reveal(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// For typing into an app that cannot see the picture: Base32 in groups of four.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let base32 = Zeroizing::new(Secret::new(Box::new(*self.0)).to_base32());
        let mut text = Zeroizing::new(String::with_capacity(base32.len() * 5 / 4 + 1));
        for (at, char) in base32.chars().enumerate() {
            text.extend((at > 0 && at % 4 == 0).then_some(' '));
            text.push(char);
        }
        text
    }

    /// What the picture says: an `otpauth` URI. `issuer` and `account` are shown in the app.
    #[must_use]
    pub fn to_uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (escape(issuer), escape(account));
        let base32 = Zeroizing::new(Secret::new(Box::new(*self.0)).to_base32());
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            base32.as_str()
        ))
    }

    /// The picture, as SVG without script or style, to stand inside a page. `None` if the names are too long for one.
    #[must_use]
    pub fn to_svg(&self, issuer: &str, account: &str) -> Option<Zeroizing<String>> {
        qr_svg(&self.to_uri(issuer, account), "認証アプリで読み取る図")
    }
}

/// How many light modules stand around a QR code, by its standard.
const QUIET: usize = 4;

/// A picture (QR code) of a text, under a label for whoever does not see it. `None` for a text too long for a picture.
#[must_use]
pub fn qr_svg(text: &str, label: &'static str) -> Option<Zeroizing<String>> {
    use fmt::Write as _;
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let side = code.size + 2 * QUIET;
    let mut svg = Zeroizing::new(String::with_capacity(code.size * code.size * 8 + 400));
    let head = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="240" height="240" role="img" aria-label="{label}"><rect width="{side}" height="{side}" fill="#fff"/><path fill="#000" d=""##
    );
    svg.push_str(&head);
    for row in 0..code.size {
        for (column, _) in code[row].iter().take(code.size).enumerate().filter(|(_, module)| module.value()) {
            write!(svg, "M{} {}h1v1h-1z", column + QUIET, row + QUIET).ok()?;
        }
    }
    svg.push_str(r#""/></svg>"#);
    Some(svg)
}

/// Percent-encoding of everything that is not unreserved (RFC 3986), cut at a whole character.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        let mut bytes = [0; 4];
        let mut piece = String::new();
        for byte in char.encode_utf8(&mut bytes).bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                piece.push(char::from(byte));
            } else {
                piece.push_str(&format!("%{byte:02X}"));
            }
        }
        if escaped.len() + piece.len() > LABEL_BYTES_MAX {
            break;
        }
        escaped.push_str(&piece);
    }
    escaped
}

/// 使った時間枠 — the step of a code that was right. Made by [`verify`] only. Its number is kept, and nothing up to it is
/// taken again: the writer must refuse it too, if another has kept a later one meanwhile (R8.5).
#[derive(Debug, PartialEq, Eq)]
pub struct Step(u64);

impl Step {
    /// The number to keep as the last one used.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.0
    }

    /// The proof, once the step has been kept as used.
    #[must_use]
    pub fn proof(self, account: &str) -> Proof {
        Proof::of(Kind::Possession, account)
    }
}

/// Why a code is not taken. The page says the same for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    /// Not six digits.
    #[error("not six digits")]
    NotACode,
    /// Not the code of now, of one step before or of one after.
    #[error("wrong code")]
    Wrong,
    /// The right one, and used before.
    #[error("used code")]
    Used,
}

/// Checks a code by the server's time (R8.5). Full-width digits and spaces between are read as meant.
pub fn verify(seed: &Seed, code: &str, now: Timestamp, last_step: Option<u64>) -> Result<Step, CodeRefused> {
    let code = digits(code).ok_or(CodeRefused::NotACode)?;
    let present = step(now);
    let totp = totp(seed);
    let mut found = Err(CodeRefused::Wrong);
    // All three are computed and compared, whichever fits.
    for step in present.saturating_sub(DRIFT_STEPS)..=present.saturating_add(DRIFT_STEPS) {
        let fits = bool::from(code_at(&totp, step).as_bytes().ct_eq(code.as_bytes()));
        let fresh = last_step.is_none_or(|last| step > last);
        found = match (fits, fresh, found) {
            // Two steps may happen to share a code: the first unused one counts.
            (true, true, Err(_)) => Ok(Step(step)),
            (true, false, Err(_)) => Err(CodeRefused::Used),
            (_, _, found) => found,
        };
    }
    found
}

/// The step of an instant.
#[must_use]
pub fn step(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or_default() / STEP_SECONDS
}

fn totp(seed: &Seed) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(STEP_SECONDS)
        .with_skew(0)
        .with_secret(Secret::new(Box::new(*seed.0)))
        .build_noncompliant()
}

fn code_at(totp: &Totp, step: u64) -> Zeroizing<String> {
    Zeroizing::new(totp.generate(step.saturating_mul(STEP_SECONDS)).to_string())
}

fn digits(code: &str) -> Option<Zeroizing<String>> {
    // Six digits of three bytes each, and as many spaces.
    const CODE_BYTES_MAX: usize = 48;
    if code.len() > CODE_BYTES_MAX {
        return None;
    }
    let mut digits = Zeroizing::new(String::with_capacity(CODE_BYTES_MAX));
    for char in code.chars().filter(|char| !char.is_whitespace() && *char != '-') {
        digits.push(match char {
            '0'..='9' => char,
            '０'..='９' => char::from_digit(char as u32 - '０' as u32, 10)?,
            _ => return None,
        });
    }
    (digits.len() == DIGITS).then_some(digits)
}
