//! 取込用にダウンロード: sets as files, in the order in which software imports them. Each is recorded as collected before a byte
//! goes out; what was downloaded can be downloaded again, so a second click or a broken connection loses nothing.

use super::{attachment, named};
use crate::api::{FileNamed, SetId};
use crate::app::App;
use crate::guard::SignedIn;
use crate::pages::form::Form;
use crate::pages::frame::on_to;
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use identity::role::Deed;
use std::collections::HashSet;
use std::io::{Cursor, Write as _};
use store::{Answer, OpenedFile, Reading, Transmission};
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime};

/// Bytes of one download. What does not fit stays in the list as new.
const BYTES_MAX: u64 = 64 << 20;

pub(crate) async fn download(State(app): State<App>, signed_in: SignedIn, form: Form) -> Result<Response, Problem> {
    let ids = named(&form);
    if ids.is_empty() {
        return Ok(on_to("/?done=none"));
    }
    let person = &signed_in.person;
    let mut sets: Vec<Transmission> = Vec::with_capacity(ids.len());
    for id in ids {
        match app.store.describe(&person.asker, id).await? {
            Answer::Done(set) if set.receiver == person.office.register.number => sets.push(set),
            _ => app.store.record_not_found(&person.asker).await?,
        }
    }
    sort_for_import(&mut sets);
    let _turn = app.downloading.acquire().await.map_err(|_| Problem::incident())?;
    let mut bytes = 0;
    let mut opened: Vec<Vec<OpenedFile>> = Vec::with_capacity(sets.len());
    let mut refused = None;
    for set in sets {
        // One at least, however large.
        if !opened.is_empty() && bytes + set.size_bytes > BYTES_MAX {
            break;
        }
        match app.store.read_set(person, set.id, Reading::Download).await {
            Ok(Answer::Done(files)) => {
                bytes += set.size_bytes;
                opened.push(files);
            }
            Ok(Answer::Refused(refusal)) => refused = Some(Problem::from(refusal)),
            Ok(Answer::NotFound) => refused = Some(Problem::not_found()),
            // The list says so beside the set; the others come.
            Err(error @ store::Error::Damaged) => refused = Some(error.into()),
            Err(error) => return Err(error.into()),
        }
    }
    if opened.is_empty() {
        return Err(refused.unwrap_or_else(Problem::not_found));
    }
    let name = format!("received-{}.zip", app.store.now().to_zoned(japan()).strftime("%Y%m%d-%H%M%S"));
    let archive = tokio::task::spawn_blocking(move || pack(&opened)).await?;
    Ok(attachment("application/zip", &name, archive.map_err(|_| store::Error::Impossible("zip"))?))
}

/// One file of a set, for software that takes files one by one. Either of the two offices may have it.
pub(crate) async fn file(
    State(app): State<App>,
    signed_in: SignedIn,
    SetId(id): SetId,
    FileNamed(name): FileNamed,
) -> Result<Response, Problem> {
    let person = &signed_in.person;
    let found = app.store.describe(&person.asker, id).await?;
    let files = match found {
        Answer::Done(set)
            if set.receiver == person.office.register.number
                && set.collected_at.is_none()
                && !person.may(Deed::CollectSets) =>
        {
            return Err(Problem::not_collected());
        }
        // Looked for before anything is opened: a wrong name must not collect the set. Of an erased one no names are left.
        Answer::Done(set) if set.erased_at.is_none() && !set.files.iter().any(|file| file.name == name) => {
            Answer::NotFound
        }
        Answer::Done(_) => app.store.read_set(person, id, Reading::Download).await?,
        Answer::Refused(refusal) => Answer::Refused(refusal),
        Answer::NotFound => Answer::NotFound,
    };
    match files {
        Answer::Done(files) => {
            let file = files.into_iter().find(|file| file.name == name).ok_or_else(Problem::not_found)?;
            Ok(attachment("application/octet-stream", &file.name, file.bytes))
        }
        Answer::Refused(refusal) => Err(refusal.into()),
        Answer::NotFound => {
            app.store.record_not_found(&person.asker).await?;
            Err(Problem::not_found())
        }
    }
}

/// Ascending by serial, whatever the kind and whoever sent it: a delete follows what it deletes (standard, 5.1). Of the same
/// second, as they came.
pub(super) fn sort_for_import(sets: &mut [Transmission]) {
    sets.sort_by_key(|set| (set.serial, set.accepted_index));
}

/// Names and bytes as they were sent, in the order given. Where a name comes twice, which two senders of files of an old
/// edition can bring about, the later one lies in a folder of its own.
pub(crate) fn pack(sets: &[Vec<OpenedFile>]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut names = HashSet::new();
    for (at, files) in sets.iter().enumerate() {
        for file in files {
            let name = if names.insert(file.name.to_ascii_lowercase()) {
                file.name.clone()
            } else {
                format!("{}/{}", at + 1, file.name)
            };
            archive.start_file(name, options)?;
            archive.write_all(&file.bytes)?;
        }
    }
    Ok(archive.finish()?.into_inner())
}

fn japan() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::fixed(jiff::tz::offset(9))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &str) -> OpenedFile {
        OpenedFile { name: name.to_owned(), bytes: content.as_bytes().to_vec() }
    }

    #[test]
    fn an_archive_keeps_names_and_order_and_loses_no_file_of_the_same_name() {
        let sets = [vec![file("B.CSV", "1"), file("A.CSV", "2")], vec![file("a.csv", "3")]];
        let packed = pack(&sets).expect("packed");
        let mut archive = zip::ZipArchive::new(Cursor::new(packed)).expect("an archive");
        let names: Vec<String> =
            (0..archive.len()).map(|at| archive.by_index(at).expect("a file").name().to_owned()).collect();
        assert_eq!(names, ["B.CSV", "A.CSV", "2/a.csv"]);
    }
}
