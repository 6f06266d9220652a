//! 取り下げ: what a delete file takes back, as a plain notice.

use super::entry::Entry;
use askama::Template;
use standard::FileKind;

#[derive(Template)]
#[template(path = "forms/withdrawal.html")]
pub(crate) struct Withdrawal<'a> {
    pub(crate) kind: FileKind,
    pub(crate) rows: Vec<Entry<'a>>,
}

impl Withdrawal<'_> {
    pub(crate) fn title(&self) -> &'static str {
        match self.kind {
            FileKind::Dlt1kyo => "居宅サービス計画書（第１〜３表）の取り下げ",
            FileKind::Dltplan => "サービス利用票・別表（予定）の取り下げ",
            FileKind::Dltjsk => "サービス利用票（実績）の取り下げ",
            FileKind::Dltkihon => "利用者基本情報の取り下げ",
            _ => "介護予防サービス・支援計画書の取り下げ",
        }
    }

    /// What goes with it (標準仕様 2.5, 3.5).
    fn what(&self) -> &'static str {
        match self.kind {
            FileKind::Dlt1kyo => "次の作成（変更）日の第１表・第２表・第３表",
            FileKind::Dltplan => "次の年月の第６表（予定）・第７表",
            FileKind::Dltjsk => "次の年月・事業所・サービス種類の実績",
            FileKind::Dltkihon => "次の相談日の利用者基本情報（別表・家族構成の図を含む）",
            _ => "次の作成（変更）日の介護予防サービス・支援計画書（別表を含む）",
        }
    }

    /// The columns that say which: what is asked for, and its label.
    fn columns(&self) -> &'static [(&'static str, &'static str)] {
        match self.kind {
            FileKind::Dlt1kyo => &[("居宅サービス計画作成（変更）日", "care_plan_date")],
            FileKind::Dltplan => &[("対象年月", "target_month")],
            FileKind::Dltjsk => &[
                ("対象年月", "target_month"),
                ("サービス事業所番号", "service_office_no"),
                ("サービス種類", "service_type"),
            ],
            FileKind::Dltkihon => &[("相談日", "consultation_date")],
            _ => &[("計画作成（変更）日", "plan_date")],
        }
    }
}
