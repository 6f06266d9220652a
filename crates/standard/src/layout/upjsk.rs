//! 第6表 実績情報 (UPJSK), the same columns as 第6表 予定 (`upplan`).

use super::{Edition, FileKind, Layout, upplan};

pub(super) static V202407: Layout =
    Layout { kind: FileKind::Upjsk, edition: Edition::V202407, columns: upplan::COLUMNS };
pub(super) static V202504: Layout =
    Layout { kind: FileKind::Upjsk, edition: Edition::V202504, columns: upplan::COLUMNS };
/// 版3.x.
pub(super) static V202208: Layout =
    Layout { kind: FileKind::Upjsk, edition: Edition::V202208, columns: upplan::COLUMNS_202208 };
