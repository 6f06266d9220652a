use super::plain::has_parent;
use super::{Machine, NO_COLUMN, Now, Row, Say, bit};
use crate::calendar;
use crate::fingerprint::{Print, Seen};
use crate::links::{Links, SERVED};
use crate::rules::{v45, v46, v47, v48};
use crate::{FileKind, Layout};

/// The kind of fingerprint of a row's three numbers: as they are they would all lie in a few places of the table.
const ROW: u64 = 25;

/// 第2表
pub(super) struct Sheet2 {
    numbers: [usize; 3],
    issue: usize,
    coverage: usize,
    office: usize,
    receiver: [u8; 10],
    // Of the plan at hand.
    last: u32,
    told: bool,
    seen: Seen,
    /// 課題ＮＯ met, one bit each.
    issues: u128,
    served: bool,
}

impl Sheet2 {
    pub(super) fn new(layout: &Layout, links: &Links) -> Sheet2 {
        let index = |ident| layout.index(ident).unwrap_or(NO_COLUMN);
        Sheet2 {
            numbers: ["issue_no", "goal_no", "support_no"].map(index),
            issue: index("issue"),
            coverage: index("insurance_coverage"),
            office: index("service_office_no"),
            receiver: links.key.receiver.bytes(),
            last: 0,
            told: false,
            seen: Seen::new(),
            issues: 0,
            served: false,
        }
    }
}

impl Machine for Sheet2 {
    fn remembers(&self) -> bool {
        true
    }

    fn alone(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>) {
        if row.is_empty(self.office) && row.value(self.coverage) == b"Y" {
            say.cell(&v48::RULE, row, self.office, "保険対象のサービスに事業所番号がありません");
        }
    }

    fn open(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &Now, links: &mut Links) {
        has_parent(FileKind::Up2kyo, row, say, now, links);
    }

    fn within(&mut self, row: &Row<'_, '_>, say: &mut Say<'_>, now: &mut Now, links: &mut Links) {
        let office = row.value(self.office);
        self.served |= office == self.receiver;
        now.doubtful |= row.any_faulty(bit(self.office));
        let numbers = self.numbers.map(|column| calendar::number(row.value(column)).filter(|no| (1..=99).contains(no)));
        if let Some(issue) = numbers[0]
            && self.issues & 1 << issue == 0
        {
            self.issues |= 1 << issue;
            // The text may stand in a row that nobody could read: that row has its finding.
            if row.is_empty(self.issue) && !now.spoiled && links.is_sure(now.person) {
                say.cell(&v47::RULE, row, self.issue, "");
            }
        }
        let [Some(issue), Some(goal), Some(support)] = numbers else { return };
        let number = issue << 16 | goal << 8 | support;
        let new = self.seen.insert(Print::new(ROW).and(u64::from(number)).end());
        if !new {
            say.cell(&v45::RULE, row, self.numbers[2], "");
        } else if number < self.last && !self.told {
            self.told = true;
            say.cell(&v46::RULE, row, self.numbers[0], "");
        }
        self.last = self.last.max(number);
    }

    fn close(&mut self, _: &mut Say<'_>, now: &Now, links: &mut Links) {
        if self.served {
            // V84 asks about the person, whatever the plan.
            links.mark(now.person, SERVED);
            links.mark(now.key, SERVED);
        }
        self.seen.clear();
        (self.last, self.told, self.issues, self.served) = (0, false, 0, false);
    }
}
