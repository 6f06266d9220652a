//! 第１表 居宅サービス計画書（１）

use super::entry::{Block, Entry};
use askama::Template;

#[derive(Template)]
#[template(path = "forms/sheet1.html")]
pub(crate) struct Sheet1<'a> {
    pub(crate) plan: Entry<'a>,
    /// 利用者補足情報 of the same plan: the sheet itself names nobody.
    pub(crate) about: Block<'a>,
}
