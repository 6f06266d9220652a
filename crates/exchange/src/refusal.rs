/// 送信の拒否 — our decision not to carry something, as a value with a title and a way out.
///
/// Codes begin with `X`; the `V` codes belong to the checks of the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The sender in the file names is not the office that the certificate proves (R1.6).
    SenderMismatch,
    /// The certificate's office has been closed in the register.
    SenderClosed,
    /// The sender's service type in the file names is not one the office is registered with.
    SenderTypeUnregistered,
    /// The set has findings of severity error (R1.2, R1.4, R1.5).
    Findings,
    /// No registered office has the receiver's number (R1.6).
    ReceiverUnknown,
    /// The receiving office has been closed (R1.6).
    ReceiverClosed,
    /// The receiver's service type is not one the receiving office is registered with.
    ReceiverTypeUnregistered,
    /// Old file names carry no service types, and the office has several.
    TypeUndecided,
    /// One file name stands twice in the same set.
    DuplicateMember,
    /// Another set with this serial went to the same receiver, with other content (R1.8).
    SerialTaken,
    /// The file's name belongs to no set: it follows no naming rule of the standard (R1.1).
    NoSet,
    /// A set that has been collected cannot be withdrawn any more.
    AlreadyCollected,
    /// The set was withdrawn by its sender.
    Withdrawn,
    /// A set must be collected before it can be acknowledged.
    NotCollected,
    /// Its time was over, or two people decided it: the content is gone for good (R11).
    Erased,
    /// A set must be acknowledged before its receiver can say how the import went (R1.10).
    NotAcknowledged,
    /// Its receiver has said how the import went, and said otherwise (R1.10).
    AlreadyAnswered,
    /// Somebody in the set has no service at the receiver; two people of the office may decide that it goes all the same.
    Unserved,
    /// What was to go with the set is no PDF, too large, or too much.
    UnfitEnclosure,
    /// There is something to know about the receiver that nobody has acknowledged.
    Unacknowledged,
    /// Who confirms is who asked: it takes two people.
    SamePerson,
    /// It went by a letter, which opens all that went with it: the handover is taken back as a whole.
    ByLetter,
    /// What waited for a second person waits no longer: it was sent, taken back, or its time was over.
    NoLongerHeld,
}

impl Refusal {
    /// Every refusal, for documents and tests.
    pub const ALL: [Self; 23] = [
        Self::SenderMismatch,
        Self::SenderClosed,
        Self::SenderTypeUnregistered,
        Self::Findings,
        Self::ReceiverUnknown,
        Self::ReceiverClosed,
        Self::ReceiverTypeUnregistered,
        Self::TypeUndecided,
        Self::DuplicateMember,
        Self::SerialTaken,
        Self::NoSet,
        Self::AlreadyCollected,
        Self::Withdrawn,
        Self::NotCollected,
        Self::Erased,
        Self::NotAcknowledged,
        Self::AlreadyAnswered,
        Self::Unserved,
        Self::UnfitEnclosure,
        Self::Unacknowledged,
        Self::SamePerson,
        Self::ByLetter,
        Self::NoLongerHeld,
    ];

    /// Stable code, `X01`–`X23`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SenderMismatch => "X01",
            Self::SenderClosed => "X02",
            Self::SenderTypeUnregistered => "X03",
            Self::Findings => "X04",
            Self::ReceiverUnknown => "X05",
            Self::ReceiverClosed => "X06",
            Self::ReceiverTypeUnregistered => "X07",
            Self::TypeUndecided => "X08",
            Self::DuplicateMember => "X09",
            Self::SerialTaken => "X10",
            Self::NoSet => "X11",
            Self::AlreadyCollected => "X12",
            Self::Withdrawn => "X13",
            Self::NotCollected => "X14",
            Self::Erased => "X15",
            Self::NotAcknowledged => "X16",
            Self::AlreadyAnswered => "X17",
            Self::Unserved => "X18",
            Self::UnfitEnclosure => "X19",
            Self::Unacknowledged => "X20",
            Self::SamePerson => "X21",
            Self::ByLetter => "X22",
            Self::NoLongerHeld => "X23",
        }
    }

    /// What happened, for people in a care office.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::SenderMismatch => "ファイル名の送信元事業所が、この端末の証明書の事業所と違います。",
            Self::SenderClosed => "この端末の事業所は、廃止として登録されています。",
            Self::SenderTypeUnregistered => "ファイル名の送信元サービス種類コードが、この事業所の登録にありません。",
            Self::Findings => "標準仕様に合わないところがあるため、送りませんでした。",
            Self::ReceiverUnknown => "送信先の事業所番号は、この交換所に登録されていません。",
            Self::ReceiverClosed => "送信先の事業所は、廃止として登録されています。",
            Self::ReceiverTypeUnregistered => {
                "ファイル名の送信先サービス種類コードが、送信先の事業所の登録にありません。"
            }
            Self::TypeUndecided => {
                "旧版のファイル名にはサービス種類がなく、複数の種類をもつ事業所なので、あて先を決められません。"
            }
            Self::DuplicateMember => "同じ名前のファイルが二つあります。",
            Self::SerialTaken => "同じファイル連番で、内容の違うデータをすでに送っています。前のデータは残っています。",
            Self::NoSet => "ファイル名が標準仕様の付け方に合わないため、どのデータの一部か決められません。",
            Self::AlreadyCollected => "相手の事業所がすでに受け取っているため、取り下げられません。",
            Self::Withdrawn => "このデータは、送信元が取り下げました。",
            Self::NotCollected => "まだ受け取っていないデータなので、受領確認はできません。",
            Self::Erased => "保管の期間が終わったため、このデータの中身は消去されています。",
            Self::NotAcknowledged => "受領確認がまだなので、取込みの結果は受け付けられません。",
            Self::AlreadyAnswered => {
                "このデータの取込みの結果は、別の内容ですでに届いています。前の結果は変わりません。"
            }
            Self::Unserved => {
                "送信先の事業所のサービスを使わない利用者が入っているため、送りませんでした。誤送信かもしれません。"
            }
            Self::UnfitEnclosure => "添える文書かメッセージを受け付けられないため、送りませんでした。",
            Self::Unacknowledged => "送信先について、送る前に確かめていただくことがあるため、送りませんでした。",
            Self::SamePerson => "送ることを申し出た本人なので、確かめて送ることはできません。",
            Self::ByLetter => "一方向の受渡しで渡したものなので、一組だけを取り下げることはできません。",
            Self::NoLongerHeld => {
                "この組の確認待ちは、もう終わっています。送信済みか、取り下げられたか、期限が過ぎています。"
            }
        }
    }

    /// What to do now.
    #[must_use]
    pub const fn fix(self) -> &'static str {
        match self {
            Self::SenderMismatch => {
                "自分の事業所から書き出したファイルか確かめてください。別の事業所の分は、その事業所の端末から送ります。"
            }
            Self::SenderClosed => "登録に誤りがあれば、交換所の運営者に連絡してください。",
            Self::SenderTypeUnregistered => {
                "ケアソフトの事業所設定でサービス種類を確かめてください。正しければ、交換所の運営者に種類の追加を依頼してください。"
            }
            Self::Findings => "一覧に示した箇所をケアソフトで直し、書き出し直してから送ってください。",
            Self::ReceiverUnknown => {
                "事業所番号をケアソフトの連携先の登録で確かめてください。正しければ、相手はまだ参加していません。"
            }
            Self::ReceiverClosed => "相手の事業所に、新しい事業所番号を確かめてください。",
            Self::ReceiverTypeUnregistered => "ケアソフトの連携先の登録で、相手のサービス種類を確かめてください。",
            Self::TypeUndecided => "ケアソフトを標準仕様4.1版の書き出しに切り替えてください。",
            Self::DuplicateMember => "一度の操作で書き出したファイルだけを、一つずつ選び直してください。",
            Self::SerialTaken => {
                "直したデータを送るときは、ケアソフトから書き出し直して新しいファイル連番にしてください。"
            }
            Self::NoSet => {
                "ケアソフトから書き出したままの名前か確かめてください。名前を変えたときは、書き出し直してください。"
            }
            Self::AlreadyCollected => {
                "削除用のデータ（例: 第6表_削除）を送るか、直したデータを新しいファイル連番で送ってください。"
            }
            Self::Withdrawn => "内容は送信元の事業所に確かめてください。",
            Self::NotCollected => "先にファイルを受け取ってください。",
            Self::Erased => "要るときは、自分の事業所の控えを見るか、送信元の事業所に送り直してもらってください。",
            Self::NotAcknowledged => "ファイルを受け取り、受領確認をしてから送ってください。",
            Self::AlreadyAnswered => {
                "結果は取り消せません。取り込み直すときは、送信元にもう一度書き出して送ってもらってください。"
            }
            Self::Unserved => {
                "その利用者を除いて書き出し直してください。送る必要があるときは、「送る」の画面で理由を書き、もう一人の職員が確かめると送れます。"
            }
            Self::UnfitEnclosure => {
                "文書は PDF で一つ4MBまで、一組に4つまで、メッセージは1,000文字までです。直すか外すかして送り直してください。"
            }
            Self::Unacknowledged => "「送る」の画面で注意を読み、確かめたことに印を付けて送ってください。",
            Self::SamePerson => "事業所のほかの職員に、「送る」の画面の「確認待ち」で確かめてもらってください。",
            Self::ByLetter => "「一方向の受渡し」のページで、手紙ごと取り下げてください。",
            Self::NoLongerHeld => "「送ったもの」の一覧で、送られているか確かめてください。",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_code_and_a_way_out() {
        let codes: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert!(refusal.what().ends_with('。') && refusal.fix().ends_with('。'), "{refusal:?}");
        }
    }
}
