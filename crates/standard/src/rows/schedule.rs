use super::{Machine, NO_COLUMN, Now, Row, Say, bit};
use crate::fingerprint::{Print, Seen, packed};
use crate::links::{Links, PLAN_DIGEST};
use crate::rules::{v51, v55, v56, v58, v59, v60, v61, v64, v65, v67, v68, v83};
use crate::{FileKind, Layout, ServiceCodes, ServiceType};

/// 第6表, 予定 and 実績
pub(super) struct Schedule<'c> {
    plan: bool,
    at: Columns,
    /// What the rules across rows read.
    identity: u128,
    service: u128,
    codes: Option<&'c ServiceCodes>,
    receiver: Option<([u8; 10], Option<ServiceType>)>,
    /// The office that must have done the work.
    sender: Option<[u8; 10]>,
    /// What was last said about 更新業者コード and about the office.
    told: [u64; 2],
    // Of the person at hand.
    seen: Seen,
    digest: Digest,
    items: v61::Items,
    extras: v56::Extras,
    served: bool,
}

struct Columns {
    plan_office: usize,
    units: usize,
    month: usize,
    date: usize,
    start: usize,
    end: usize,
    code: usize,
    tais: usize,
    notification: usize,
    equipment: usize,
    detail: usize,
    office: usize,
    satellite: usize,
    updated_by: usize,
}

/// The services of a person, and the places they come from, in any order and each once: two sums of fingerprints.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Digest {
    services: u32,
    places: u32,
}

impl Digest {
    /// Adds the service and the place of a row.
    #[inline]
    pub(super) fn add(&mut self, seen: &mut Seen, office: &[u8], satellite: &[u8], code: &[u8]) {
        let of_office = Print::new(10).with_ten(office);
        let service = of_office.and_both(packed(code), 1).end();
        if seen.insert(service) {
            self.services = self.services.wrapping_add(service as u32);
        }
        let kind = code.first_chunk().map_or(0, |kind| u64::from(u16::from_le_bytes(*kind)));
        let place = of_office.and_both(kind, packed(satellite) << 2 | 2).end();
        if seen.insert(place) {
            self.places = self.places.wrapping_add(place as u32);
        }
    }

    pub(super) fn bits(self) -> u64 {
        u64::from(self.services) << 32 | u64::from(self.places)
    }
}

impl<'c> Schedule<'c> {
    pub(super) fn new(layout: &Layout, links: &Links, codes: Option<&'c ServiceCodes>) -> Schedule<'c> {
        let index = |ident| layout.index(ident).unwrap_or(NO_COLUMN);
        let at = Columns {
            plan_office: index("plan_office_no"),
            units: index("units"),
            month: index("target_month"),
            date: index("service_date"),
            start: index("start_time"),
            end: index("end_time"),
            code: index("service_code"),
            tais: index("tais_code"),
            notification: index("equipment_notification_code"),
            equipment: index("equipment_name"),
            detail: index("detail_no"),
            office: index("service_office_no"),
            satellite: index("satellite_no"),
            updated_by: index("updated_by_office"),
        };
        let plan = layout.kind == FileKind::Upplan;
        let identity =
            [at.date, at.start, at.end, at.code, at.tais, at.notification, at.detail, at.office, at.satellite];
        Schedule {
            plan,
            service: bit(at.code) | bit(at.office) | bit(at.satellite),
            identity: identity.into_iter().fold(0, |columns, column| columns | bit(column)),
            codes,
            receiver: (plan && v83::applies(links)).then(|| (links.key.receiver.bytes(), links.key.receiver_type)),
            sender: (!plan && v65::applies(&links.key)).then(|| links.key.sender.bytes()),
            told: [0; 2],
            seen: Seen::new(),
            digest: Digest::default(),
            items: v61::Items::new(),
            extras: v56::Extras::new(),
            served: false,
            at,
        }
    }

    /// V64 and V65: said again only when another office stands there.
    fn offices(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>) {
        let at = &self.at;
        let office = row.value(at.office);
        let (updated_by, own) = (row.value(at.updated_by), if self.plan { at.plan_office } else { at.office });
        if updated_by != row.value(own) && !updated_by.is_empty() && !row.is_empty(own) {
            let print = Print::new(0).with(updated_by).with(row.value(own)).end();
            if !row.any_faulty(bit(own) | bit(at.updated_by)) && self.told[0] != print {
                self.told[0] = print;
                say.cell(&v64::RULE, row, at.updated_by, if self.plan { v64::PLAN } else { v64::ACTUAL });
            }
        }
        if self.sender.is_some_and(|sender| sender != office) && !office.is_empty() {
            let print = Print::new(0).with(office).end();
            if !row.any_faulty(bit(at.office)) && self.told[1] != print {
                self.told[1] = print;
                say.cell(&v65::RULE, row, at.office, "");
            }
        }
    }
}

impl Machine for Schedule<'_> {
    fn remembers(&self) -> bool {
        true
    }

    fn alone(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>) {
        let at = &self.at;
        let date = row.value(at.date);
        if !v51::holds(date, row.value(at.month)) && !row.any_faulty(bit(at.date) | bit(at.month)) {
            say.cell(&v51::RULE, row, at.date, "");
        }
        if !v55::holds(row.value(at.start), row.value(at.end)) && !row.any_faulty(bit(at.start) | bit(at.end)) {
            say.cell(&v55::RULE, row, at.end, "");
        }
        let code = row.value(at.code);
        let known = !row.any_faulty(bit(at.code));
        let (tais, notification) = (row.is_empty(at.tais), row.is_empty(at.notification));
        if let Some(&[high, low]) = code.first_chunk::<2>().filter(|_| known) {
            let equipment = v58::is_equipment([high, low]);
            if equipment && tais && notification && at.tais != NO_COLUMN {
                say.cell(&v58::RULE, row, at.tais, "");
            }
            let bare = tais && notification && row.is_empty(at.equipment);
            if !(equipment || bare) {
                let columns = [at.tais, at.notification, at.equipment];
                let filled = columns.into_iter().find(|column| !row.is_empty(*column)).unwrap_or(at.tais);
                say.cell(&v59::RULE, row, filled, "");
            }
            if !row.is_empty(at.detail) && !v60::may_have([high, low]) {
                say.cell(&v60::RULE, row, at.detail, "");
            }
            if let Some(codes) = self.codes
                && !v68::holds(codes, code, date, row.value(at.units))
                && !row.any_faulty(bit(at.units) | bit(at.date))
            {
                say.cell(&v68::RULE, row, at.units, "");
            }
        }
        self.offices(row, say);
    }

    fn within(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &mut Now, _: &mut Links) {
        let at = &self.at;
        if row.any_faulty(self.service) {
            now.doubtful = true;
            return;
        }
        let (code, office, satellite) = (row.value(at.code), row.value(at.office), row.value(at.satellite));
        if let Some((receiver, kind)) = &self.receiver {
            self.served |= office == receiver && kind.is_none_or(|kind| code.starts_with(kind.as_str().as_bytes()));
        }
        if self.plan {
            self.digest.add(&mut self.seen, office, satellite, code);
        }
        if row.any_faulty(self.identity) {
            now.doubtful = true;
            return;
        }
        let (date, start, end) = (row.value(at.date), row.value(at.start), row.value(at.end));
        if code.starts_with(b"17") {
            let group = Print::new(11).with(office).with(date).with(code).with(row.value(at.units)).end();
            self.items.add(group, row.value(at.detail), row.spot());
        } else {
            let things = [at.tais, at.notification, at.detail];
            let mut print = Print::new(12).with_ten(office).and_both(packed(date), packed(code));
            print = print.and_both(packed(start) << 32 | packed(end) & 0xFFFF_FFFF, packed(satellite));
            if things.iter().any(|column| !row.is_empty(*column)) {
                print = things.iter().fold(print, |print, column| print.with(row.value(*column)));
            }
            if !self.seen.insert(print.end()) {
                say.spot(&v67::RULE, row.spot(), None, "");
            }
        }
        if let Some(codes) = self.codes {
            let time = Print::new(13).with(office).with(date).with(start).with(end).end();
            self.extras.add(codes, code, start, time, row.spot());
        }
    }

    fn close(&mut self, say: &mut Say<'_>, now: &Now, links: &mut Links) {
        if !now.spoiled {
            if let Some(spot) = self.items.first_broken() {
                say.spot(&v61::RULE, spot, Some(self.at.detail), "");
            }
            for spot in self.extras.broken() {
                say.spot(&v56::RULE, spot, Some(self.at.start), "");
            }
            if self.receiver.is_some() && !self.served {
                say.spot(&v83::RULE, now.first, None, "");
            }
        }
        if self.plan
            && let Some(entry) = links.table.entry(now.key)
        {
            entry[PLAN_DIGEST] = self.digest.bits();
        }
        self.seen.clear();
        self.items.clear();
        self.extras.clear();
        self.digest = Digest::default();
        self.served = false;
    }
}
