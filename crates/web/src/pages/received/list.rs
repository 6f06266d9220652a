use super::wording;
use crate::app::App;
use crate::pages::asked::Asked;
use crate::pages::field::{Choice, Field};
use crate::pages::receipts::wording::look;
use crate::problem::Problem;
use crate::wording::month;
use standard::UnitKind;
use standard::unit::UNITS;
use store::{Folder, OfficeId, PARTNERS_SOUGHT_MAX, Sought, Stage, State, Transmission};

/// One set in a list.
pub(super) struct Row {
    pub(super) id: String,
    /// Where the set is read; none where there is nothing more to read.
    pub(super) href: Option<String>,
    pub(super) kind: &'static str,
    pub(super) month: String,
    pub(super) partner: String,
    /// 一方向の受渡し: by letter.
    pub(super) by_letter: bool,
    pub(super) accepted: String,
    pub(super) state: &'static str,
    pub(super) look: &'static str,
    /// Nobody here has opened it.
    pub(super) unread: bool,
}

impl Row {
    pub(super) fn new(set: &Transmission, folder: Folder) -> Self {
        let (number, name) = match folder {
            Folder::Received => (set.sender, &set.sender_name),
            Folder::Sent => (set.receiver, &set.receiver_name),
        };
        Self {
            href: (set.withdrawn_at.is_none() && set.erased_at.is_none()).then(|| format!("/sets/{}", set.id)),
            kind: set.kind.label(),
            id: set.id.to_string(),
            month: set.service_month.map_or_else(String::new, |at| month(&at.to_string())),
            partner: format!("{name}（{number}）"),
            by_letter: set.handover.is_some(),
            accepted: store::japanese_time(&set.accepted_at),
            look: if set.damaged_at.is_some() { "care" } else { look(set.state()) },
            state: match (set.state(), folder) {
                (_, Folder::Received) if set.damaged_at.is_some() => "壊れています。送信元に再送を頼んでください",
                (_, Folder::Sent) if set.damaged_at.is_some() => "壊れました。書き出し直して送ってください",
                (State::Waiting, Folder::Sent) => "相手は未受領",
                (State::Waiting, Folder::Received) => "まだ開いていません",
                (at, _) => at.label(),
            },
            unread: folder == Folder::Received && set.state() == State::Waiting,
        }
    }
}

/// What somebody looks for in a list. All of it may stand in an address: offices, kinds and stages are nobody's secret.
pub(super) struct Filter {
    pub(super) folder: Folder,
    partner: String,
    partners: Option<Vec<OfficeId>>,
    pub(super) too_many: bool,
    kind: Option<UnitKind>,
    stage: Stage,
    pub(super) before: Option<i64>,
}

/// Characters of a partner's name or number that are looked for.
const PARTNER_CHARACTERS_MAX: usize = 100;

impl Filter {
    pub(super) async fn read(app: &App, of: OfficeId, folder: Folder, asked: &Asked) -> Result<Self, Problem> {
        let partner: String = asked.get("partner").trim().chars().take(PARTNER_CHARACTERS_MAX).collect();
        let mut partners = None;
        let mut too_many = false;
        if !partner.is_empty() {
            let mut found = app.store.offices_like(of, &partner, PARTNERS_SOUGHT_MAX + 1).await?;
            too_many = found.len() > PARTNERS_SOUGHT_MAX;
            found.truncate(PARTNERS_SOUGHT_MAX);
            partners = Some(found);
        }
        let stage = match asked.get("stage") {
            "new" => Stage::New,
            "unanswered" => Stage::Unanswered,
            _ => Stage::Any,
        };
        let kind = UnitKind::from_id(asked.get("kind"));
        let before = asked.get("before").parse().ok();
        Ok(Self { folder, partner, partners, too_many, kind, stage, before })
    }

    pub(super) fn is_narrowed(&self) -> bool {
        self.partners.is_some() || self.kind.is_some() || self.stage != Stage::Any
    }

    pub(super) fn sought(&self, rows: u32) -> Sought {
        let Self { folder, kind, stage, before, .. } = *self;
        Sought { folder, partners: self.partners.clone(), kind, stage, before, rows }
    }

    pub(super) fn base(&self) -> &'static str {
        match self.folder {
            Folder::Received => "/",
            Folder::Sent => "/sent",
        }
    }

    /// Where the list goes on after a set.
    pub(super) fn href(&self, before: i64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.partner.is_empty() {
            query.append_pair("partner", &self.partner);
        }
        if let Some(kind) = self.kind {
            query.append_pair("kind", kind.id());
        }
        if self.stage != Stage::Any {
            query.append_pair("stage", stage_id(self.stage));
        }
        query.append_pair("before", &before.to_string());
        format!("{}?{}", self.base(), query.finish())
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        let all = || Choice { value: "all".to_owned(), label: "すべて".to_owned() };
        let kinds = UNITS.iter().map(|unit| Choice { value: unit.id.to_owned(), label: unit.label.to_owned() });
        let stages = [Stage::New, Stage::Unanswered].map(|stage| Choice {
            value: stage_id(stage).to_owned(),
            label: wording::stage(stage, self.folder).to_owned(),
        });
        let partner = match self.folder {
            Folder::Received => Field::text("partner", "送信元"),
            Folder::Sent => Field::text("partner", "送信先"),
        };
        vec![
            partner.optional().hint("事業所番号のはじめか、名前の一部").value(self.partner.clone()),
            Field::select("kind", "種類", std::iter::once(all()).chain(kinds).collect())
                .optional()
                .value(self.kind.map_or("all", UnitKind::id)),
            Field::select("stage", "状態", std::iter::once(all()).chain(stages).collect())
                .optional()
                .value(stage_id(self.stage)),
        ]
    }
}

const fn stage_id(stage: Stage) -> &'static str {
    match stage {
        Stage::Any => "all",
        Stage::New => "new",
        Stage::Unanswered => "unanswered",
    }
}
