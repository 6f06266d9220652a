//! Words that several families of pages share.

use jiff::Timestamp;

/// `16時20分`, in Japan.
pub(crate) fn clock_time(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).strftime("%-H時%-M分").to_string()
}

/// `2026年11月22日`, in Japan, of an instant of ours.
pub(crate) fn day(instant: &str) -> String {
    match instant.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))).strftime("%Y年%-m月%-d日").to_string(),
        Err(_) => instant.to_owned(),
    }
}

/// Why the last order of a server certificate brought nothing, for whoever runs the exchange.
#[must_use]
pub fn server_certificate_reason(code: &str) -> &'static str {
    match code {
        "unreachable" => {
            "認証局につながりません。外への通信と、設定の tls.acme の directory・authority を確かめてください。"
        }
        "connection" | "tls" => {
            "認証局からこの交換所につながりません。listen.names の名前の443番が、交換所の窓口に届くかを確かめてください。"
        }
        "dns" | "caa" => "認証局が名前を確かめられません。DNS（A・AAAA・CAA）を確かめてください。",
        "unauthorized" | "incorrectResponse" => {
            "認証局が、この名前は別のところにつながると言っています。DNS と443番の行き先を確かめてください。"
        }
        "rejectedIdentifier" => "認証局が、この名前には発行しません。listen.names を確かめてください。",
        "rateLimited" => "認証局の回数の上限に達しました。時間をおいて、自動でもう一度申し込みます。",
        "externalAccountRequired" | "userActionRequired" => {
            "認証局が、契約したアカウントか手続きを求めています。設定の tls.acme の account・account_key_file を確かめてください。"
        }
        "untrusted" => {
            "届いた証明書は、この機械が信頼する認証局のものでないか、名前や期限が合いません。使わずに、今の証明書を続けます。"
        }
        "late" => "認証局の返事が時間内に来ませんでした。自動でもう一度申し込みます。",
        "interrupted" => "申込みの途中で止められました。",
        "unsupported" | "invalidProfile" => {
            "認証局に、設定の tls.acme の profile がありません。別の名前にするか、消してください。"
        }
        "noChallenge" => {
            "認証局が tls-alpn-01 に対応していません。別の認証局にするか、証明書をファイルで置いてください。"
        }
        _ => "認証局が断ったか、申込みが途中で失敗しました。記録（標準エラー）を見てください。",
    }
}

/// `2026年11月22日 16:20:05`, in Japan.
pub(crate) fn moment(instant: &str) -> String {
    let japan = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
    match instant.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(japan).strftime("%Y年%-m月%-d日 %H:%M:%S").to_string(),
        Err(_) => instant.to_owned(),
    }
}

/// `2026/11/22 16:20:05`, in Japan, for narrow columns.
pub(crate) fn compact(instant: &str) -> String {
    let japan = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
    match instant.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(japan).strftime("%Y/%-m/%-d %H:%M:%S").to_string(),
        Err(_) => instant.to_owned(),
    }
}

/// `2026年12月分` of a service month in six digits.
pub(crate) fn month(digits: &str) -> String {
    match (digits.get(..4), digits.get(4..)) {
        (Some(year), Some(month)) => format!("{year}年{}月分", month.trim_start_matches('0')),
        _ => digits.to_owned(),
    }
}

/// The same, or a dash where there was none.
pub(crate) fn time_or_dash(instant: Option<&str>) -> String {
    instant.map_or_else(|| "—".to_owned(), store::japanese_time)
}

/// Who did something for the operator, as tables spell them, where no name is known.
pub(crate) fn actor(spelled: &str) -> String {
    match spelled.split_once(':') {
        Some(("operator-cli", name)) => format!("{name}（端末）"),
        Some(("person", _)) => "運営の職員".to_owned(),
        _ if spelled == "system" => "交換所（自動）".to_owned(),
        _ => spelled.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_those_of_japan() {
        let at: Timestamp = "2026-12-31T15:05:00Z".parse().expect("an instant");
        assert_eq!(clock_time(at), "0時5分");
        assert_eq!(day("2026-12-31T15:05:00.000Z"), "2027年1月1日");
        assert_eq!(moment("2026-12-31T15:05:09.123Z"), "2027年1月1日 00:05:09");
        assert_eq!(compact("2026-12-31T15:05:09.123Z"), "2027/1/1 00:05:09");
        assert_eq!(month("202603"), "2026年3月分");
        assert_eq!(time_or_dash(None), "—");
    }
}
