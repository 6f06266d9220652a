//! 検査 — groups files into units and lets every rule look.

use crate::across::{self, Part};
use crate::cell::{Named, SupplementUse};
use crate::content;
use crate::contents::{Contents, InMemory};
use crate::history::Arrived;
use crate::links::Links;
use crate::name::NameEdition;
use crate::report::Findings;
use crate::rules::{v01, v02, v07, v09, v10, v11, v12, v14, v15, v16, v17, v18, v90};
use crate::unit::{Group, classify, is_plan_without_sheet_3};
use crate::{
    Edition, FileKind, FileName, HistorySet, Place, Profile, Report, ServiceCodes, SourceFile, Unit, UnitKind, group,
    read,
};

/// So many units before and after an incomplete one are looked through for what it lacks.
const NEIGHBOURS_MAX: usize = 200;

/// 検査の資料 — what a check may know beyond the files. Rules that need what is not given are silent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'c> {
    /// サービスコード表: for V56, V68 and V74.
    pub service_codes: Option<&'c ServiceCodes>,
    /// これまでに届いたデータ, in any order: for V87, V88 and V89. Empty: nothing is known of it.
    pub history: &'c [HistorySet],
}

/// Checks files as they would be sent or imported together: any number of units, in any order.
pub fn check(files: &[SourceFile<'_>], profile: Profile) -> Report {
    check_with(files, profile, &Context::default())
}

/// The same, with what else is known.
pub fn check_with(files: &[SourceFile<'_>], profile: Profile, context: &Context<'_>) -> Report {
    let names: Vec<&str> = files.iter().map(|file| file.name).collect();
    check_contents(&names, &mut InMemory(files), profile, context)
}

/// The same, for files of any length: their bytes are asked for piece by piece, and what is remembered of them does not
/// grow with them.
pub fn check_contents(names: &[&str], contents: &mut dyn Contents, profile: Profile, context: &Context<'_>) -> Report {
    let (groups, faults) = group(names);
    let mut found = Findings::new(profile);
    let mut arrived = Arrived::new(context.history);
    let mut kinds = Vec::with_capacity(groups.len());
    let with_unit: Vec<usize> =
        faults.iter().filter(|(_, fault)| fault.rest.is_some()).map(|(file, _)| *file).collect();

    for (index, group) in groups.iter().enumerate() {
        found.begin(Some(index), None);
        // Units are in the order of their serials: the likely neighbours are near.
        let near = index.saturating_sub(NEIGHBOURS_MAX)..groups.len().min(index + NEIGHBOURS_MAX);
        let near = groups.get(near).unwrap_or_default();
        let Judged { kind, months_fit, surplus } = unit(contents, group, near, &with_unit, profile, &mut found);
        kinds.push(kind);
        let tables = || group.files.iter().filter(|(_, name)| name.kind != FileKind::UpkihonImage);
        let bytes = tables().map(|(file, _)| contents.size(*file)).sum();
        let mut links = Links::new(kind, group.key, kind.is_some() && months_fit, bytes);
        let mut images_named = Vec::new();
        let mut images_known = true;
        for (file, name) in &group.files {
            found.begin(Some(index), Some(*file));
            let fault = faults.binary_search_by_key(file, |(faulty, _)| *faulty).ok().and_then(|at| faults.get(at));
            if let Some((_, fault)) = fault {
                found.push(v01::broken_by(fault), Place::file(*file), Some(fault.message()));
            }
            if name.kind == FileKind::UpkihonImage {
                if !v14::is_jpeg(contents.bytes(*file, 0, v14::START)) {
                    let detail = Some("中身がJPEG画像ではありません".into());
                    found.push(&v14::RULE, Place::file(*file), detail);
                }
                continue;
            }
            let named = Named {
                month: name.month.filter(|_| name.kind != FileKind::Uphosoku),
                supplement: supplement(name, fault.is_none() && months_fit),
            };
            let facts = if surplus.contains(file) {
                // A second file of a kind is looked at by itself.
                let mut links = Links::new(kind, group.key, false, contents.size(*file));
                content::check(*file, name, named, contents, &mut links, context.service_codes, &mut found)
            } else {
                content::check(*file, name, named, contents, &mut links, context.service_codes, &mut found)
            };
            links.on &= facts.sound;
            images_known &= facts.images_known || name.kind != FileKind::Upkihon;
            images_named.extend(facts.images);
        }
        let parts: Vec<Part> = tables()
            .filter(|(file, _)| !surplus.contains(file))
            .map(|(file, name)| Part { file: *file, kind: name.kind })
            .collect();
        across::check(index, &parts, contents, &links, &mut found);
        if let Some(kind) = kind.filter(|_| arrived.is_known()) {
            arrived.check(index, &group.key, kind, &parts, contents, &mut found);
        }
        if kind.is_some() && images_known {
            found.begin(Some(index), None);
            images(names, group, &images_named, &with_unit, &mut found);
        }
    }

    for (file, fault) in faults.iter().filter(|(_, fault)| fault.rest.is_none()) {
        found.begin(None, Some(*file));
        found.push(v01::broken_by(fault), Place::file(*file), Some(fault.message()));
    }

    let (findings, suppressed, refused) = found.finish();
    let units = groups.iter().zip(kinds).enumerate().map(|(index, (group, kind))| Unit {
        kind,
        serial: group.key.serial,
        sender: group.key.sender,
        sender_type: group.key.sender_type,
        receiver: group.key.receiver,
        receiver_type: group.key.receiver_type,
        files: group.files.iter().map(|(file, _)| *file).collect(),
        accepted: refused.binary_search(&index).is_err(),
        service_month: group.service_month(),
    });
    Report { units: units.collect(), findings, suppressed }
}

/// What the month in the name of a supplement says about its rows.
fn supplement(name: &FileName, sound: bool) -> SupplementUse {
    match name.month {
        _ if !sound => SupplementUse::Unknown,
        Some(month) => SupplementUse::Month(month),
        None => SupplementUse::Plan,
    }
}

/// What the names say about a unit.
struct Judged {
    kind: Option<UnitKind>,
    /// Whether the months in the names fit each other.
    months_fit: bool,
    /// The second files of a kind.
    surplus: Vec<usize>,
}

/// The rules on names and on the unit as a whole; which unit it is.
fn unit(
    contents: &mut dyn Contents,
    group: &Group,
    near: &[Group],
    faulty: &[usize],
    profile: Profile,
    found: &mut Findings,
) -> Judged {
    let first = group.files.first();
    // Type codes and the form of the names are the same in all files of a unit: said once, at the first.
    if let Some((file, name)) = first {
        if let Some(edition) = v02::old_edition(name) {
            found.push(&v02::RULE, Place::file(*file), Some(edition.into()));
        }
        for (code, side) in [(name.sender_type, "送信元"), (name.receiver_type, "送信先")] {
            if let Some(code) = code.filter(|code| !v07::holds(*code)) {
                found.push(&v07::RULE, Place::file(*file), Some(format!("{side}のサービス種類コードが「{code}」です")));
            }
        }
    }
    if let Some((file, _)) = first.filter(|_| !v90::holds(&group.key)) {
        found.push(&v90::RULE, Place::file(*file), None);
    }
    if let Some((file, detail)) =
        group.files.iter().find_map(|(file, name)| Some((*file, v17::broken(name.kind, &group.key)?)))
    {
        found.push(&v17::RULE, Place::file(file), Some(detail.into()));
    }

    let mut present: Vec<FileKind> = group.files.iter().map(|(_, name)| name.kind).collect();
    present.dedup();
    present.sort_unstable();
    present.dedup();
    let kind = match classify(&present, group.key.is_prevention()) {
        Some(kind) => kind,
        None => {
            let old_name = group.files.iter().any(|(_, name)| name.edition == NameEdition::V3);
            let mut old_version =
                || group.files.iter().any(|(file, _)| read::edition_in(contents, *file) == Some(Edition::V202208));
            if is_plan_without_sheet_3(&present) && v12::instead_of_v09(profile, old_name || old_version()) {
                found.push(&v12::RULE, Place::default(), None);
                UnitKind::CarePlan
            } else {
                found.push(&v09::RULE, Place::default(), Some(v09::explain(group, near)));
                return Judged { kind: None, months_fit: true, surplus: v18::broken(group) };
            }
        }
    };
    let mut months_fit = true;
    if matches!(kind, UnitKind::CarePlan | UnitKind::Schedule | UnitKind::PreventionSchedule) {
        for file in v10::broken(kind, group, faulty) {
            found.push(&v10::RULE, Place::file(file), None);
            months_fit = false;
        }
        if let Some(file) = v11::broken(group, faulty) {
            found.push(&v11::RULE, Place::file(file), None);
            months_fit = false;
        }
    }
    for file in v16::broken(group) {
        found.push(&v16::RULE, Place::file(file), None);
    }
    let surplus = v18::broken(group);
    for file in &surplus {
        found.push(&v18::RULE, Place::file(*file), None);
    }
    Judged { kind: Some(kind), months_fit, surplus }
}

/// V15, once the rows of 利用者基本情報 have been read.
fn images(names: &[&str], group: &Group, named: &[content::ImageName], faulty: &[usize], found: &mut Findings) {
    let present = group
        .files
        .iter()
        .filter(|(file, name)| name.kind == FileKind::UpkihonImage && faulty.binary_search(file).is_err());
    let images: Vec<(usize, &str)> = present.filter_map(|(file, _)| Some((*file, *names.get(*file)?))).collect();
    let values: Vec<&[u8]> = named.iter().map(|image| image.value.as_slice()).collect();
    let image_names: Vec<&str> = images.iter().map(|(_, name)| *name).collect();
    let (counts, without) = v15::count(&values, &image_names);
    for image in without.into_iter().filter_map(|index| named.get(index)) {
        let detail = "この名前の画像が一緒に選ばれていません";
        found.push(&v15::RULE, image.place, Some(detail.into()));
    }
    for ((_, count), (file, _)) in counts.into_iter().zip(&images) {
        let detail = match count {
            1 => continue,
            0 => "この画像を使う行が利用者基本情報にありません",
            _ => "この画像を使う行が利用者基本情報に二つ以上あります",
        };
        found.push(&v15::RULE, Place::file(*file), Some(detail.into()));
    }
}
