//! The three codings of the care level, kept apart (README A40): the same two digits mean different things in them.

use crate::layout::codes;

macro_rules! levels {
    ($(#[$doc:meta])* $name:ident, $table:ident, $($(#[$level_doc:meta])* $level:ident = $code:literal,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$level_doc])* $level,)*
        }

        impl $name {
            /// All of them, in the order of the list.
            pub const ALL: &[$name] = &[$($name::$level),*];

            /// From the bytes of a cell.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                $name::ALL.iter().copied().find(|level| level.code().as_bytes() == bytes)
            }

            /// As it stands in the file.
            pub const fn code(self) -> &'static str {
                match self {
                    $($name::$level => $code,)*
                }
            }

            /// In Japanese, as the list prints it.
            pub fn label(self) -> &'static str {
                codes::$table.meaning(self.code().as_bytes()).unwrap_or_default()
            }
        }
    };
}

levels! {
    /// 要介護状態区分コード — of 利用者補足情報 and 第1表.
    CareLevel, CARE_LEVEL,
    /// 事業対象者
    Eligible = "06",
    /// 要支援１
    Support1 = "12",
    /// 要支援２
    Support2 = "13",
    /// 要介護１
    Care1 = "21",
    /// 要介護２
    Care2 = "22",
    /// 要介護３
    Care3 = "23",
    /// 要介護４
    Care4 = "24",
    /// 要介護５
    Care5 = "25",
}

levels! {
    /// 要介護状態区分・前回の介護度 — of 利用者基本情報.
    CareLevelKihon, CARE_LEVEL_KIHON,
    /// 非該当
    None = "01",
    /// 要支援１
    Support1 = "12",
    /// 要支援２
    Support2 = "13",
    /// 要介護１
    Care1 = "21",
    /// 要介護２
    Care2 = "22",
    /// 要介護３
    Care3 = "23",
    /// 要介護４
    Care4 = "24",
    /// 要介護５
    Care5 = "25",
}

levels! {
    /// 要支援状態区分 — of 介護予防サービス・支援計画書.
    SupportLevel, SUPPORT_LEVEL,
    /// 要支援１
    Support1 = "1",
    /// 要支援２
    Support2 = "2",
    /// 地域支援事業
    Community = "3",
}
