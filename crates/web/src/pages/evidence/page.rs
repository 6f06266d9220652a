use crate::guard::SignedIn;
use crate::pages::field::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::frame::Frame;
use askama::Template;
use store::EVIDENCE_SETS_MAX;

/// 送受信の記録.
#[derive(Template)]
#[template(path = "evidence/page.html")]
pub(super) struct Page {
    frame: Frame,
    faults: Faults,
    from: Field,
    to: Field,
    partner: Field,
    most: usize,
}

impl Page {
    pub(super) fn new(signed_in: &SignedIn, form: Option<&Form>, faults: Faults) -> Self {
        let written = |field: &str| form.map_or("", |form| form.text(field)).to_owned();
        let partner = Field::text("partner", "相手の事業所番号").hint("空けておくと、すべての相手の分になります。");
        Self {
            frame: signed_in.frame("送受信の記録").narrow().faulty(!faults.is_empty()),
            from: Field::date("from", "はじめの日").value(written("from")).faults(&faults),
            to: Field::date("to", "おわりの日").hint("この日も含みます。").value(written("to")).faults(&faults),
            partner: partner.value(written("partner")).optional().faults(&faults),
            most: EVIDENCE_SETS_MAX,
            faults,
        }
    }
}
