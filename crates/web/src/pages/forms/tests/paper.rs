//! On paper: Chromium prints, and `pdftotext` reads what stands there.

use super::planted::{file, value};
use super::{forms, named, set, squeezed, standing_alone};
use crate::pages::forms::unprinted;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use standard::{Edition, FileKind, UnitKind};

/// Prints a page as a person does, without the browser's own head and foot. Pictures of the pages go to the folder that
/// `FUMIBAKO_SCREENSHOTS` names, if it names one.
fn printed(name: &str, forms: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let (page, pdf) = (folder.path().join("page.html"), folder.path().join("page.pdf"));
    fs::write(&page, standing_alone(forms)).expect("written");
    output(
        Command::new("chromium")
            // Its sandbox refuses to run as root, which is what a container is. The page is ours.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("--print-to-pdf={}", pdf.display()))
            .arg(format!("file://{}", page.display())),
    );
    if let Some(kept) = std::env::var_os("FUMIBAKO_SCREENSHOTS") {
        fs::create_dir_all(&kept).expect("a folder");
        fs::copy(&pdf, Path::new(&kept).join(format!("print-{name}.pdf"))).expect("copied");
        fs::copy(&page, Path::new(&kept).join(format!("print-{name}.html"))).expect("copied");
    }
    (folder, pdf)
}

fn output(command: &mut Command) -> Output {
    let output = command.output().expect("`cargo xtask test` installs Chromium and poppler-utils");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The pages of a PDF, in the order in which their cells were written.
fn pages(pdf: &Path) -> Vec<String> {
    let text = output(Command::new("pdftotext").args(["-raw", "-enc", "UTF-8"]).arg(pdf).arg("-"));
    let text = String::from_utf8(text.stdout).expect("text");
    text.split('\u{c}').map(squeezed).filter(|page| !page.is_empty()).collect()
}

#[test]
fn every_item_is_on_the_paper_too() {
    let sheets = FileKind::ALL.into_iter().filter_map(|kind| standard::layout(kind, Edition::V202407));
    let set: Vec<_> = sheets.clone().map(|layout| named(layout.kind, file(layout, None))).collect();
    let (_folder, pdf) = printed("every-item", &forms(&set));
    let text = pages(&pdf).concat();
    let mut missing = Vec::new();
    for layout in sheets {
        for column in layout.columns.iter().filter(|column| !unprinted::contains(column.ident)) {
            let shown = squeezed(&value(layout.kind, column, 0).shown);
            if !text.contains(&shown) {
                missing.push(format!("{} {}: {shown}", layout.kind.id(), column.ident));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_paper_lies_as_the_official_forms_do() {
    let (_folder, pdf) = printed("care-plan", &forms(&set(UnitKind::CarePlan, 3, 2, "20260325090000")));
    let sizes = output(Command::new("pdfinfo").args(["-l", "100"]).arg(&pdf));
    let sizes = String::from_utf8(sizes.stdout).expect("text");
    let lying =
        sizes.lines().filter(|line| line.contains("size:") && line.contains("(A4)") && line.contains("841")).count();
    assert!(sizes.lines().any(|line| line.contains("x 841")), "利用者補足情報 is upright: {sizes}");
    assert!(lying >= 8, "six sheets lying, two upright: {sizes}");
    let pages = pages(&pdf);
    assert!(
        pages.first().is_some_and(|page| page.contains("居宅サービス計画書（１）")),
        "no empty page before the first"
    );
    assert!(pages.iter().all(|page| page.contains('表') || page.contains("補足")), "no empty page between");
}

#[test]
fn a_long_table_repeats_its_head_and_cuts_no_row() {
    let (_folder, pdf) = printed("schedule", &forms(&set(UnitKind::Schedule, 7, 6, "20260325090000")));
    let pages = pages(&pdf);
    let schedules: Vec<&String> = pages.iter().filter(|page| page.contains("予定") && page.contains("実績")).collect();
    assert!(schedules.len() >= 6);
    for page in schedules {
        assert!(page.contains("提供時間帯") && page.contains("被保険者番号"), "{page}");
        let count = |word: &str| page.matches(word).count();
        assert_eq!(count("予定") - count("（予定）"), count("実績"), "a service keeps its two rows: {page}");
    }
}

#[test]
fn long_text_stays_inside_its_cell() {
    let text = "長い文".repeat(400) + &"W".repeat(600);
    let mut plan = set(UnitKind::CarePlan, 3, 1, "20260325090000");
    let goals = plan.iter_mut().find(|file| file.name.starts_with("UP2KYO")).expect("第2表");
    let layout = standard::layout(FileKind::Up2kyo, Edition::V202407).expect("a layout");
    let row = file(layout, None);
    let planted = String::from_utf8(row).expect("ASCII").replace("q1x19z", &text);
    goals.bytes = standard::write::ms932(&planted).expect("MS932");
    let (_folder, pdf) = printed("long-text", &forms(&plan));
    let read = pages(&pdf).concat();
    assert!(read.matches("長い文").count() >= 390, "it goes on to the next page: {}", read.matches("長い文").count());
    assert_eq!(read.matches('W').count(), 600);
}
