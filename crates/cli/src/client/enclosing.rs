//! 添付: what `send` puts beside the files of the one set it sends.

use crate::terminal::Failure;
use anyhow::Context as _;
use exchange::enclosure::{DOCUMENT_BYTES_MAX, DOCUMENTS_MAX, MESSAGE_CHARACTERS_MAX};
use exchange::{Enclosure, EnclosureKind};
use reqwest::multipart::{Form, Part};
use standard::UnitKey;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Bytes of a message's file: four to a character, and room for line ends and a mark at its beginning.
const MESSAGE_BYTES_MAX: usize = 4 * MESSAGE_CHARACTERS_MAX + 4_096;

#[derive(clap::Args)]
pub(crate) struct Enclosed {
    /// 添える文書（PDF、4つまで、一つ4MBまで）。送るデータが一組だけのときに使えます。何度でも書けます
    #[arg(long = "attach", value_name = "FILE")]
    documents: Vec<PathBuf>,
    /// 添えるメッセージ（1,000字まで）。人の名前などを含むときは、画面や履歴に残らない --message-file を使ってください
    #[arg(long, value_name = "TEXT", conflicts_with = "message_file")]
    message: Option<String>,
    /// 添えるメッセージを書いたファイル（UTF-8）
    #[arg(long, value_name = "FILE")]
    message_file: Option<PathBuf>,
}

/// What goes with the set, judged here as the exchange will: what is refused is refused before anything is sent.
pub(crate) struct Enclosing {
    enclosures: Vec<Enclosure>,
    documents: Vec<PathBuf>,
}

impl Enclosing {
    pub(crate) fn read(args: &Enclosed) -> anyhow::Result<Self> {
        if args.documents.len() > DOCUMENTS_MAX {
            return Err(Failure::new(
                format!("添える文書が多すぎます（{}個）。何も送っていません。", args.documents.len()),
                format!("一組に添えられるのは{DOCUMENTS_MAX}個までです。一つのPDFにまとめてください。"),
            )
            .into());
        }
        let mut enclosures = args.documents.iter().map(|path| document(path)).collect::<anyhow::Result<Vec<_>>>()?;
        enclosures.extend(message(args)?);
        let documents = args.documents.iter().filter_map(|path| path.canonicalize().ok()).collect();
        Ok(Self { enclosures, documents })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.enclosures.is_empty()
    }

    /// Whether this file is one of the documents: lying in the folder that is sent, it is no stray.
    pub(crate) fn has(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|path| self.documents.contains(&path))
    }

    /// The call that carries the set, with what goes with it.
    pub(crate) fn beside(self, form: Form, set: &UnitKey) -> anyhow::Result<Form> {
        let target = format!("{}.{}", set.serial, set.receiver);
        self.enclosures.into_iter().try_fold(form, |form, one| {
            Ok(match one.kind() {
                EnclosureKind::Document => {
                    let part = Part::bytes(one.bytes().to_vec()).file_name(one.name().to_owned());
                    form.part(format!("attachment.{target}"), part.mime_str("application/pdf")?)
                }
                EnclosureKind::Message => form.part(format!("message.{target}"), Part::bytes(one.bytes().to_vec())),
            })
        })
    }
}

/// With two sets nobody could say with which of them it goes, and with none it would be lost.
pub(crate) fn the_one_set(sets: &[UnitKey], strays: bool) -> anyhow::Result<&UnitKey> {
    let failure = match sets {
        [set] if !strays => return Ok(set),
        [_] => Failure::new(
            "文書やメッセージを添えるデータに、送れないファイルが混ざっています。何も送っていません。",
            "添える文書は --attach で示し、ほかのファイルは除いて、送るデータの一組だけを指定してください。",
        ),
        [] => Failure::new(
            "文書やメッセージを添えるデータがありません。何も送っていません。",
            "ケアソフトから書き出した一組のファイルか、そのフォルダーを指定してください。",
        ),
        _ => Failure::new(
            format!(
                "データが{}組あり、どれに文書やメッセージを添えるのか決められません。何も送っていません。",
                sets.len()
            ),
            "添えるデータの一組だけを、フォルダーかファイルで指定してください。残りは --attach と --message なしで送れます。",
        ),
    };
    Err(failure.into())
}

fn document(path: &Path) -> anyhow::Result<Enclosure> {
    let bytes = whole(path, DOCUMENT_BYTES_MAX)?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Enclosure::document(name, bytes).map_err(|_| {
        Failure::new(
            format!("{} は添えられません。何も送っていません。", path.display()),
            "終わりまでそろったPDF（名前の終わりが .pdf、4MBまで）か、名前が長すぎず、見えない文字を含まないかを確かめてください。",
        )
        .into()
    })
}

fn message(args: &Enclosed) -> anyhow::Result<Option<Enclosure>> {
    let text = match (&args.message, &args.message_file) {
        (Some(text), _) => text.clone(),
        (None, None) => return Ok(None),
        (None, Some(path)) => String::from_utf8(whole(path, MESSAGE_BYTES_MAX)?).map_err(|_| {
            Failure::new(
                format!("{} を文字として読めません。何も送っていません。", path.display()),
                "メッセージのファイルを、文字コード UTF-8 で保存し直してください。",
            )
        })?,
    };
    let failure = |what: String| Failure::new(what, "メッセージは、1字以上、1,000字までの文章にしてください。");
    match Enclosure::message(text.trim_start_matches('\u{FEFF}')) {
        Ok(Some(message)) => Ok(Some(message)),
        // Somebody meant to say something.
        Ok(None) => Err(failure("メッセージが空です。何も送っていません。".to_owned()).into()),
        Err(_) => {
            Err(failure("メッセージが長すぎるか、表示できない文字を含んでいます。何も送っていません。".to_owned())
                .into())
        }
    }
}

/// A file of at most so many bytes; of a longer one a byte more, so that it is seen to be too long.
fn whole(path: &Path, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let unreadable = || {
        Failure::new(
            format!("{} を読めません。何も送っていません。", path.display()),
            "ファイルの場所と、読み取りの許可を確かめてください。",
        )
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).with_context(unreadable)?;
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).with_context(unreadable)?;
    if bytes.len() > bytes_max {
        return Err(Failure::new(
            format!("{} は大きすぎます。何も送っていません。", path.display()),
            "文書は4MBまで、メッセージは1,000字までです。",
        )
        .into());
    }
    Ok(bytes)
}
