//! Files that come piece by piece are judged as files in memory are.

use fumibako_standard::read::{self, Records};
use fumibako_standard::{Contents, Context, HistorySet, Profile, SourceFile, check_contents, check_with};
use std::ops::ControlFlow;

/// Brings no byte more than was asked for.
struct Pieces<'a> {
    files: Vec<&'a [u8]>,
    piece: usize,
}

impl Contents for Pieces<'_> {
    fn size(&self, file: usize) -> u64 {
        self.files[file].len() as u64
    }

    fn bytes(&mut self, file: usize, from: u64, least: usize) -> &[u8] {
        let bytes = self.files[file];
        let from = usize::try_from(from).expect("a place in memory").min(bytes.len());
        &bytes[from..bytes.len().min(from + least)]
    }

    fn piece(&self) -> usize {
        self.piece
    }
}

/// The same report, down to the last word, and the same history.
pub(crate) fn agree(files: &[SourceFile<'_>], piece: usize, context: &Context<'_>) {
    let names: Vec<&str> = files.iter().map(|file| file.name).collect();
    let pieces = || Pieces { files: files.iter().map(|file| file.bytes).collect(), piece };
    for profile in [Profile::Export, Profile::Import] {
        let whole = check_with(files, profile, context);
        let piecewise = check_contents(&names, &mut pieces(), profile, context);
        assert_eq!(format!("{whole:#?}"), format!("{piecewise:#?}"), "pieces of {piece}");
    }
    assert_eq!(HistorySet::read(files), HistorySet::read_contents(&names, &mut pieces()));
}

/// Number, place, bytes, cells, line end and fault of every record.
type Told = (u64, u64, Vec<u8>, Vec<Vec<u8>>, String);

fn tell(record: &read::Record<'_, '_>) -> Told {
    let cells = record.cells().map(|cell| cell.bytes().into_owned()).collect();
    let how = format!("{:?} {:?} {}", record.line_end(), record.quote_fault(), record.len());
    (record.number(), record.offset(), record.raw().to_vec(), cells, how)
}

/// The same records.
pub(crate) fn records_agree(bytes: &[u8], piece: usize) {
    let mut whole = Vec::new();
    let mut records = Records::new(bytes);
    while let Some(record) = records.next_record() {
        whole.push(tell(&record));
    }
    let mut piecewise = Vec::new();
    read::each(&mut Pieces { files: vec![bytes], piece }, 0, |record| {
        piecewise.push(tell(record));
        ControlFlow::Continue(())
    });
    assert!(whole == piecewise, "pieces of {piece} of {} bytes", bytes.len());
}
