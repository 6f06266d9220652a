//! 職員名簿との照合: whoever is no longer on the office's own list loses access (R12.4). Looked at first, then carried out.

use super::{Faults, listed};
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::form::Form;
use crate::pages::frame::{Frame, on_to, show, show_again};
use crate::pages::staff::person_key;
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;

const FIELD: &str = "staff";
/// People of one list; the form holds no more.
const PEOPLE_MAX: usize = 600;
const EMPTY: &str = "名簿を貼り付けてください。1行に一人、かなと生年月日です。";
const TOO_MANY: &str = "名簿が長すぎます。600人までにしてください。";

/// 名簿にない人.
#[derive(Template)]
#[template(path = "stock_taking/compare.html")]
struct Compare {
    frame: Frame,
    left: Vec<String>,
    unknown: usize,
    people: usize,
    list: String,
}

/// Shows what would happen.
pub(crate) async fn look(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let list = match read(form.text(FIELD)) {
        Ok(list) => list,
        Err(fault) => {
            let mut page = listed(&app, &signed_in, None, Faults::of(FIELD, fault)).await?;
            page.list = form.text(FIELD).to_owned();
            return show_again(&page);
        }
    };
    let differences = app.store.staff_differences(&signed_in.person, &list).await?.ok_or_else(Problem::no_right)?;
    let staff = app.store.list_staff(&signed_in.person).await?;
    let name = |id: &store::AccountId| {
        staff.iter().find(|row| row.account_id == *id).map_or_else(|| id.to_string(), |row| row.name.reveal().clone())
    };
    show(&Compare {
        frame: signed_in.frame("名簿と照らし合わせる").narrow(),
        left: differences.left.iter().map(name).collect(),
        unknown: differences.unknown,
        people: list.len(),
        list: form.text(FIELD).to_owned(),
    })
}

/// Does it: from the list again, since somebody may have come or gone meanwhile.
pub(crate) async fn apply(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let Ok(list) = read(form.text(FIELD)) else { return Ok(on_to("/stock-taking")) };
    let done = app.store.compare_staff(&signed_in.person, &list).await?.ok_or_else(Problem::no_right)?;
    Ok(on_to(if done.left.is_empty() { "/stock-taking?done=same" } else { "/stock-taking?done=compared" }))
}

/// For each line the person's keys, in hiragana and in katakana: nobody remembers which was typed at the invitation.
fn read(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut list = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        if list.len() == PEOPLE_MAX {
            return Err(TOO_MANY.to_owned());
        }
        let (kana, born_on) = person(line).ok_or_else(|| {
            format!(
                "{}行目を読めません。「かくうはなこ 1980-01-31」のように、かなと生年月日を書いてください。",
                number + 1
            )
        })?;
        list.push([hiragana(&kana), katakana(&kana)].map(|kana| person_key(&kana, &born_on)).to_vec());
    }
    if list.is_empty() { Err(EMPTY.to_owned()) } else { Ok(list) }
}

/// The reading, and the day of birth as 1980-01-31, from a line as people keep it: with spaces, tabs or commas between.
fn person(line: &str) -> Option<(String, String)> {
    let line: String = line.chars().map(narrow).collect();
    let born = line.find(|character: char| character.is_ascii_digit())?;
    let (kana, born) = line.split_at(born);
    let kana: String =
        kana.chars().filter(|character| !character.is_whitespace() && !",、\"".contains(*character)).collect();
    let parts: Vec<i16> = born
        .split(|character: char| !character.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [year, month, day] = *parts.as_slice() else { return None };
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let sound = !kana.is_empty() && (1900..2100).contains(&year);
    sound.then(|| (kana, date.to_string()))
}

/// Digits, in whichever width they were typed.
fn narrow(character: char) -> char {
    match character {
        '０'..='９' => char::from_u32(u32::from(character) - u32::from('０') + u32::from('0')).unwrap_or(character),
        other => other,
    }
}

fn hiragana(kana: &str) -> String {
    shifted(kana, 'ァ'..='ヶ', |code| code - 0x60)
}

fn katakana(kana: &str) -> String {
    shifted(kana, 'ぁ'..='ゖ', |code| code + 0x60)
}

fn shifted(kana: &str, from: std::ops::RangeInclusive<char>, to: impl Fn(u32) -> u32) -> String {
    kana.chars()
        .map(|character| match from.contains(&character) {
            true => char::from_u32(to(u32::from(character))).unwrap_or(character),
            false => character,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r12_4_a_staff_list_is_read_as_offices_keep_it() {
        for line in [
            "かくうはなこ 1980-01-31",
            "かくう　はなこ　１９８０／１／３１",
            "カクウ ハナコ,1980年1月31日",
            "\"かくうはなこ\"\t1980.01.31",
        ] {
            let list = read(&format!("\n{line}\r\n")).expect(line);
            let keys = ["かくうはなこ 1980-01-31", "カクウハナコ 1980-01-31"].map(str::to_owned).to_vec();
            assert_eq!(list, [keys], "{line}");
        }
    }

    #[test]
    fn r12_4_a_line_that_is_no_person_is_named_and_nothing_is_guessed() {
        for bad in
            ["かくうはなこ", "1980-01-31", "かくうはなこ 1980-13-31", "かくうはなこ 1980-01-31 3", "かくう 55-1-31"]
        {
            let fault = read(&format!("かくういちろう 1970-01-01\n{bad}")).expect_err(bad);
            assert!(fault.starts_with("2行目"), "{fault}");
        }
        assert_eq!(read(" \n"), Err(EMPTY.to_owned()));
        assert_eq!(read(&"かくう 1980-01-31\n".repeat(601)), Err(TOO_MANY.to_owned()));
    }
}
