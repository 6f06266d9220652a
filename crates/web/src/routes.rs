//! Every door of the exchange and what it asks of whoever knocks (R12.1). The router is made of this table and of
//! nothing else: what has no line here does not exist, and there is no line without an answer to "who may?".

use crate::app::App;
use crate::guard::{self, Needs};
use crate::pages::{
    account, alarms, devices, erasure, evidence, first, forms, grants, handovers, help, log, month, operator, partners,
    receipts, received, recovery, registers, reviews, send, sign_in, software, staff, stock_taking,
};
use crate::{api, assets};
use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, on};
use http::Method;
use identity::role::Deed;

/// One door.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    handler: MethodRouter<App>,
}

fn get<T: 'static>(path: &'static str, needs: Needs, handler: impl Handler<T, App>) -> Route {
    Route { method: Method::GET, path, needs, handler: on(axum::routing::MethodFilter::GET, handler) }
}

fn post<T: 'static>(path: &'static str, needs: Needs, handler: impl Handler<T, App>) -> Route {
    Route { method: Method::POST, path, needs, handler: on(axum::routing::MethodFilter::POST, handler) }
}

/// The table.
pub(crate) fn table() -> Vec<Route> {
    use Deed::{
        ApproveEnrolment, ApproveErasure, ApproveRecovery, ApproveRules, CollectSets, ConfirmGrants, Erase,
        ExportEvidence, HoldErasures, KeepRegisters, ListSets, ManageDevices, ManageOperators, ManageSoftware,
        ManageStaff, OwnAccount, ReadLedger, ReadOfficeLedger, ReadRegisters, ReadSets, ReconcileSets, RecordTraining,
        RegisterOffices, RequestEnrolment, RequestGrants, RequestRecovery, SeeAlarms, SeeErasures, SeeHealth, SendSets,
        TakeStock, VerifyErasure, WithdrawSets,
    };
    use Needs::{Device, Enrolling, HalfWay, Nothing, Person, Program, SignedIn, Software};
    vec![
        // Holds nothing about anybody.
        get("/style.css", Nothing, assets::style),
        get("/forms.css", Nothing, assets::forms),
        get("/month.css", Nothing, month::style),
        get("/icon.svg", Nothing, assets::icon),
        get("/passkey.js", Nothing, assets::passkey),
        get("/news.js", Nothing, assets::news),
        get("/enrol.css", Nothing, assets::guide_style),
        get("/enrol.mjs", Nothing, assets::guide),
        get("/certificates.mjs", Nothing, assets::guide_certificates),
        get("/pkcs12.mjs", Nothing, assets::guide_pkcs12),
        get("/der.mjs", Nothing, assets::guide_der),
        // The page 送る looks over files by itself.
        get("/send.css", Nothing, assets::send_style),
        get("/send.mjs", Nothing, assets::send),
        get("/send-view.mjs", Nothing, assets::send_view),
        get("/send-worker.mjs", Nothing, assets::send_worker),
        get("/fumibako-standard.mjs", Nothing, assets::standard),
        get("/standard.wasm", Nothing, assets::standard_module),
        get("/api/v1/openapi.json", Device, api::document),
        get("/api/v1/log/checkpoint", Device, api::checkpoint),
        // Coming in and going out.
        get("/sign-in", Device, sign_in::page),
        post("/sign-in", Device, sign_in::begin),
        get("/sign-in/second", HalfWay, sign_in::second),
        post("/sign-in/second", HalfWay, sign_in::totp),
        post("/sign-in/second/passkey", HalfWay, sign_in::passkey),
        post("/sign-in/second/recovery-code", HalfWay, sign_in::recovery_code),
        post("/sign-in/second/pass", HalfWay, sign_in::pass),
        post("/sign-in/second/leave", HalfWay, sign_in::leave),
        get("/sign-in/office", SignedIn, sign_in::offices),
        post("/sign-in/office", SignedIn, sign_in::choose_office),
        post("/sign-out", SignedIn, sign_in::sign_out),
        // Setting up one's own secrets.
        get("/first/code", Device, first::code),
        post("/first/code", Device, first::redeem),
        get("/first", Enrolling, first::next),
        get("/first/password", Enrolling, first::password),
        post("/first/password", Enrolling, first::set_password),
        get("/first/factor", Enrolling, first::factor),
        post("/first/factor/totp", Enrolling, first::confirm_totp),
        post("/first/factor/passkey", Enrolling, first::confirm_passkey),
        get("/first/codes", Enrolling, first::codes),
        post("/first/codes", Enrolling, first::make_codes),
        post("/first/done", Enrolling, first::complete),
        // People.
        get("/", SignedIn, received::front),
        get("/sent", Person(ListSets), received::sent),
        get("/news", Person(ListSets), received::news::news),
        post("/received/download", Person(CollectSets), received::download),
        post("/received/answer", Person(CollectSets), received::answer),
        get("/send", Person(SendSets), send::start),
        post("/send", Person(SendSets), send::bring),
        post("/send/partners", Person(SendSets), send::batch::partners),
        post("/send/sets", Person(SendSets), send::batch::send),
        post("/send/hold", Person(SendSets), send::batch::hold),
        get("/send/drafts/{id}", Person(SendSets), send::draft::page),
        post("/send/drafts/{id}/confirm", Person(SendSets), send::draft::confirm),
        post("/send/drafts/{id}/mend", Person(SendSets), send::draft::mend),
        post("/send/drafts/{id}/hold", Person(SendSets), send::draft::hold),
        post("/send/drafts/{id}/leave", Person(SendSets), send::draft::leave),
        get("/send/held", Person(SendSets), send::held::list),
        get("/send/held/{id}", Person(SendSets), send::held::page),
        post("/send/held/{id}/confirm", Person(SendSets), send::held::confirm),
        post("/send/held/{id}/withdraw", Person(SendSets), send::held::withdraw),
        get("/sets/{id}/receipt", Person(ListSets), receipts::page),
        get("/sets/{id}/receipt/file", Person(ListSets), receipts::file),
        post("/sets/{id}/receipt/acknowledge", Person(CollectSets), receipts::acknowledge),
        post("/sets/{id}/receipt/withdraw", Person(WithdrawSets), receipts::withdraw),
        post("/sets/{id}/receipt/import", Person(CollectSets), receipts::answer),
        get("/partners", Person(ListSets), partners::list),
        get("/partners/new", Person(SendSets), partners::new),
        post("/partners/new", Person(SendSets), partners::keep),
        get("/partners/{number}", Person(SendSets), partners::edit),
        post("/partners/{number}", Person(SendSets), partners::keep),
        post("/partners/{number}/forget", Person(SendSets), partners::forget),
        post("/partners", Person(ManageSoftware), partners::software),
        // 一方向の受渡し.
        get("/partners/{number}/handover", Person(SendSets), handovers::new),
        post("/partners/{number}/handover", Person(SendSets), handovers::offer),
        get("/handovers", Person(SendSets), handovers::list),
        get("/handovers/code", Person(SendSets), handovers::code),
        get("/handovers/{id}/letter", Person(SendSets), handovers::letter),
        post("/handovers/{id}/withdraw", Person(WithdrawSets), handovers::withdraw),
        // Opening what came back is collecting it.
        // Words of ours.
        get("/help", SignedIn, help::situations),
        get("/help/sign-in", Device, help::at_the_door),
        get("/help/first-day", SignedIn, help::first_day),
        get("/accessibility", Device, help::accessibility),
        get("/evidence", Person(ExportEvidence), evidence::page),
        post("/evidence", Person(ExportEvidence), evidence::make),
        // Opening a set collects it, if it is the receiver who opens.
        get("/sets/{id}", Person(ReadSets), forms::show_set),
        get("/sets/{id}/pictures/{number}", Person(ReadSets), forms::picture),
        // 今月: what is looked for comes by form, since nobody's name stands in an address.
        get("/month", Person(ReadSets), month::page),
        post("/month", Person(ReadSets), month::seek),
        post("/month/export", Person(ReadSets), month::export),
        post("/month/compare", Person(ReconcileSets), month::compare),
        post("/month/remind", Person(ReconcileSets), month::remind),
        get("/month/people/{id}", Person(ReadSets), month::person),
        post("/month/people/{id}/accept", Person(ReconcileSets), month::accept),
        post("/month/people/{id}/comment", Person(ReconcileSets), month::comment),
        get("/sets/{id}/files/{name}", Person(ReadSets), received::file),
        get("/sets/{id}/enclosures/{number}", Person(ReadSets), forms::enclosure),
        get("/account", Person(OwnAccount), account::page),
        get("/account/password", Person(OwnAccount), account::password),
        post("/account/password", Person(OwnAccount), account::change_password),
        get("/account/totp", Person(OwnAccount), account::totp),
        post("/account/totp", Person(OwnAccount), account::confirm_totp),
        get("/account/passkey", Person(OwnAccount), account::passkey),
        post("/account/passkey", Person(OwnAccount), account::confirm_passkey),
        post("/account/factors/{id}/rename", Person(OwnAccount), account::rename_factor),
        post("/account/factors/{id}/remove", Person(OwnAccount), account::remove_factor),
        get("/account/mail", Person(OwnAccount), account::mail::page),
        post("/account/mail", Person(OwnAccount), account::mail::ask),
        post("/account/mail/confirm", Person(OwnAccount), account::mail::confirm),
        post("/account/mail/end", Person(OwnAccount), account::mail::end),
        get("/account/codes", Person(OwnAccount), account::codes),
        post("/account/codes", Person(OwnAccount), account::make_codes),
        post("/account/sessions/{id}/end", Person(OwnAccount), account::end_session),
        // The certificate of the browser at which one sits.
        get("/renew", Person(OwnAccount), devices::renew::page),
        post("/renew", Person(OwnAccount), devices::renew::renew),
        // An office and the operator look after their own people alike.
        get("/staff", Person(ManageStaff), staff::list),
        get("/staff/new", Person(ManageStaff), staff::new),
        post("/staff/new", Person(ManageStaff), staff::invite),
        get("/staff/code", Person(ManageStaff), staff::code),
        post("/staff/{id}/invite-again", Person(ManageStaff), staff::invite_again),
        get("/staff/{id}/name", Person(ManageStaff), staff::naming),
        post("/staff/{id}/name", Person(ManageStaff), staff::rename),
        post("/staff/{id}/suspend", Person(ManageStaff), staff::suspend),
        post("/staff/{id}/resume", Person(ManageStaff), staff::resume),
        get("/staff/{id}/close", Person(ManageStaff), staff::closing),
        post("/staff/{id}/close", Person(ManageStaff), staff::close),
        get("/operator/staff", Person(ManageOperators), staff::list),
        get("/operator/staff/new", Person(ManageOperators), staff::new),
        post("/operator/staff/new", Person(ManageOperators), staff::invite),
        get("/operator/staff/code", Person(ManageOperators), staff::code),
        post("/operator/staff/{id}/invite-again", Person(ManageOperators), staff::invite_again),
        get("/operator/staff/{id}/name", Person(ManageOperators), staff::naming),
        post("/operator/staff/{id}/name", Person(ManageOperators), staff::rename),
        post("/operator/staff/{id}/suspend", Person(ManageOperators), staff::suspend),
        post("/operator/staff/{id}/resume", Person(ManageOperators), staff::resume),
        get("/operator/staff/{id}/close", Person(ManageOperators), staff::closing),
        post("/operator/staff/{id}/close", Person(ManageOperators), staff::close),
        get("/grants", Person(RequestGrants), grants::list),
        get("/grants/new", Person(RequestGrants), grants::new),
        post("/grants/new", Person(RequestGrants), grants::request),
        post("/grants/{id}/confirm", Person(ConfirmGrants), grants::confirm),
        post("/grants/{id}/withdraw", Person(RequestGrants), grants::withdraw),
        get("/stock-taking", Person(TakeStock), stock_taking::list),
        post("/stock-taking/staff", Person(TakeStock), stock_taking::staff_list::look),
        post("/stock-taking/staff/apply", Person(TakeStock), stock_taking::staff_list::apply),
        post("/stock-taking/{id}/confirm", Person(TakeStock), stock_taking::confirm),
        get("/recovery", Person(RequestRecovery), recovery::list),
        get("/recovery/new", Person(RequestRecovery), recovery::new),
        post("/recovery/new", Person(RequestRecovery), recovery::open),
        get("/recovery/code", Person(RequestRecovery), recovery::code),
        get("/recovery/{id}/evidence", Person(ApproveRecovery), recovery::evidence),
        post("/recovery/{id}/approve", Person(ApproveRecovery), recovery::approve),
        post("/recovery/{id}/withdraw", Person(RequestRecovery), recovery::withdraw),
        // Who is responsible, by which rules, and who has been trained (R12.6).
        get("/registers", Person(ReadRegisters), registers::page),
        get("/registers/responsible", Person(KeepRegisters), registers::responsible::new),
        post("/registers/responsible", Person(KeepRegisters), registers::responsible::add),
        post("/registers/responsible/{id}/end", Person(KeepRegisters), registers::responsible::end),
        get("/registers/rules", Person(KeepRegisters), registers::rules::new),
        post("/registers/rules", Person(KeepRegisters), registers::rules::add),
        post("/registers/rules/{id}/approve", Person(ApproveRules), registers::rules::approve),
        get("/registers/training", Person(RecordTraining), registers::training::list),
        post("/registers/training/rule", Person(RecordTraining), registers::training::set_rule),
        get("/registers/training/{id}", Person(RecordTraining), registers::training::new),
        post("/registers/training/{id}", Person(RecordTraining), registers::training::record),
        get("/devices", Person(ManageDevices), devices::list),
        post("/devices/admit", Person(ManageDevices), devices::admit),
        get("/devices/{id}/revoke", Person(ManageDevices), devices::revoking),
        post("/devices/{id}/revoke", Person(ManageDevices), devices::revoke),
        get("/software", Person(ManageSoftware), software::list),
        get("/software/new", Person(ManageSoftware), software::new),
        post("/software/new", Person(ManageSoftware), software::make),
        get("/software/key", Person(ManageSoftware), software::key),
        post("/software/{id}/revoke", Person(ManageSoftware), software::revoke),
        get("/operator/approvals", Person(ApproveEnrolment), operator::approvals),
        get("/operator/enrolments/new", Person(RequestEnrolment), operator::enrolments::new),
        post("/operator/enrolments/new", Person(RequestEnrolment), operator::enrolments::request),
        get("/operator/enrolments/code", Person(ApproveEnrolment), operator::enrolments::code),
        post("/operator/enrolments/{id}/approve", Person(ApproveEnrolment), operator::enrolments::approve),
        get("/operator/tls12", Person(RegisterOffices), operator::tls12::list),
        post("/operator/tls12/{number}/end", Person(RegisterOffices), operator::tls12::end),
        get("/operator/tls-scan", Person(SeeHealth), operator::tls_scan::page),
        get("/operator/tls-scan/{id}", Person(SeeHealth), operator::tls_scan::document),
        get("/operator/offices", Person(RegisterOffices), operator::offices),
        get("/operator/offices/new", Person(RegisterOffices), operator::new_office),
        post("/operator/offices/new", Person(RegisterOffices), operator::add_office),
        get("/operator/offices/{number}/close", Person(RegisterOffices), operator::closing_office),
        post("/operator/offices/{number}/close", Person(RegisterOffices), operator::close_office),
        // The log: an office reads and reviews its own, the auditor all.
        get("/log", Person(ReadOfficeLedger), log::list),
        post("/log", Person(ReadOfficeLedger), log::seek),
        post("/log/export", Person(ReadOfficeLedger), log::export),
        get("/reviews", Person(ReadOfficeLedger), reviews::list),
        post("/reviews/open", Person(ReadOfficeLedger), reviews::open),
        get("/reviews/{id}", Person(ReadOfficeLedger), reviews::review),
        post("/reviews/{id}/judge", Person(ReadOfficeLedger), reviews::judge),
        post("/reviews/{id}/close", Person(ReadOfficeLedger), reviews::close),
        get("/operator/log", Person(ReadLedger), log::list),
        post("/operator/log", Person(ReadLedger), log::seek),
        post("/operator/log/export", Person(ReadLedger), log::export),
        get("/operator/reviews", Person(ReadLedger), reviews::list),
        post("/operator/reviews/open", Person(ReadLedger), reviews::open),
        get("/operator/reviews/{id}", Person(ReadLedger), reviews::review),
        post("/operator/reviews/{id}/judge", Person(ReadLedger), reviews::judge),
        post("/operator/reviews/{id}/close", Person(ReadLedger), reviews::close),
        // What is kept, held and erased: one asks, another agrees, a third verifies (R11.5).
        get("/operator/erasures", Person(SeeErasures), erasure::list),
        get("/operator/erasures/new", Person(Erase), erasure::new),
        post("/operator/erasures/new", Person(Erase), erasure::request),
        get("/operator/erasures/{id}", Person(SeeErasures), erasure::one),
        post("/operator/erasures/{id}/approve", Person(ApproveErasure), erasure::approve),
        post("/operator/erasures/{id}/withdraw", Person(SeeErasures), erasure::withdraw),
        post("/operator/erasures/{id}/run", Person(Erase), erasure::run),
        post("/operator/erasures/{id}/certify", Person(VerifyErasure), erasure::certify),
        get("/operator/erasures/{id}/certificate", Person(SeeErasures), erasure::certificate),
        get("/operator/erasures/{id}/paper", Person(SeeErasures), erasure::paper),
        get("/operator/retention", Person(SeeErasures), erasure::retention::page),
        post("/operator/retention/holds", Person(HoldErasures), erasure::retention::hold),
        post("/operator/retention/holds/{id}/release", Person(HoldErasures), erasure::retention::ask_release),
        post("/operator/retention/holds/{id}/agree", Person(HoldErasures), erasure::retention::agree_release),
        post("/operator/retention/holds/{id}/keep", Person(HoldErasures), erasure::retention::keep),
        // What nobody may do unseen.
        get("/operator/alarms", Person(SeeAlarms), alarms::list),
        post("/operator/alarms/{id}/seen", Person(SeeAlarms), alarms::see),
        // Programs.
        post("/api/v1/transmissions", Software(SendSets), api::send),
        get("/api/v1/received", Software(ListSets), api::received),
        get("/api/v1/sent", Software(ListSets), api::sent),
        get("/api/v1/news", Software(ListSets), api::news),
        get("/api/v1/transmissions/{id}", Software(ListSets), api::describe),
        post("/api/v1/device/renew", Program, api::renew),
        get("/api/v1/notices", Program, api::notices),
        post("/api/v1/token", Program, api::rotate),
        // Opening a set collects it, if it is the receiver who opens.
        get("/api/v1/transmissions/{id}/files/{name}", Software(CollectSets), api::file),
        get("/api/v1/transmissions/{id}/zip", Software(CollectSets), api::zip),
        get("/api/v1/transmissions/{id}/enclosures", Software(CollectSets), api::enclosures),
        get("/api/v1/transmissions/{id}/enclosures/{number}", Software(CollectSets), api::enclosure),
        post("/api/v1/transmissions/{id}/acknowledge", Software(CollectSets), api::acknowledge),
        post("/api/v1/transmissions/{id}/withdraw", Software(WithdrawSets), api::withdraw),
        // What became of it.
        post("/api/v1/transmissions/{id}/import", Software(CollectSets), api::answer),
        get("/api/v1/transmissions/{id}/receipt", Software(ListSets), api::receipt),
        get("/api/v1/overdue", Software(ListSets), api::overdue),
        get("/api/v1/log-key", Software(ListSets), api::log_key),
    ]
}

/// One line of the table, for documents and tests.
#[derive(Clone, Debug)]
pub struct Door {
    /// HTTP method.
    pub method: Method,
    /// Path, with what varies in braces.
    pub path: &'static str,
    /// What it asks for.
    pub needs: String,
}

/// Every door of the exchange's listener.
#[must_use]
pub fn doors() -> Vec<Door> {
    let door = |Route { method, path, needs, .. }| Door { method, path, needs: needs.to_string() };
    table().into_iter().map(door).collect()
}

/// The router of the exchange's listener.
pub(crate) fn router(app: &App) -> Router<App> {
    table().into_iter().fold(Router::new(), |router, Route { path, needs, handler, .. }| {
        router.route(path, handler.route_layer(from_fn_with_state((app.clone(), needs), guard::admit)))
    })
}

/// The page of ours to which a path belongs: itself, or where its form stands. Never an address from outside, so it is
/// safe to go to (R12.1).
pub(crate) fn page_at(path: &str) -> Option<&str> {
    let pages: Vec<_> =
        table().into_iter().filter(|route| route.is_page_to_return_to()).map(|route| route.path).collect();
    let mut path = path;
    loop {
        if pages.iter().any(|pattern| fits(pattern, path)) {
            return Some(path);
        }
        let (above, _) = path.rsplit_once('/')?;
        path = above;
    }
}

/// The same for what came back to us from outside: only if it is a page of ours as it stands.
pub(crate) fn page_named(path: &str) -> Option<&str> {
    page_at(path).filter(|page| *page == path)
}

impl Route {
    fn is_page_to_return_to(&self) -> bool {
        self.method == Method::GET && matches!(self.needs, Needs::Person(_) | Needs::SignedIn)
    }
}

/// Our patterns have whole segments in braces, and what stands there in a path of ours needs no escaping.
fn fits(pattern: &str, path: &str) -> bool {
    let plain = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(found)) => {
                let open = expected.starts_with('{') && !found.is_empty() && plain(found);
                if !open && expected != found {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_returns_to_pages_of_ours_and_nowhere_else() {
        for page in ["/", "/account", "/account/password"] {
            assert_eq!(page_named(page), Some(page));
        }
        assert_eq!(page_at("/account/sessions/0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee/end"), Some("/account"));
        for foreign in [
            "",
            "//evil.example",
            "https://evil.example/",
            "/\\evil.example",
            "/account/../sign-out",
            "/account?x=1",
            "/account#x",
            "/api/v1/received",
            "/sign-out",
            "/sign-in",
            "/%2f%2fevil.example",
            "account",
            "/account\r\nx: y",
        ] {
            assert_eq!(page_named(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn no_door_stands_twice_in_the_table() {
        let mut doors: Vec<_> = table().into_iter().map(|route| (route.path, route.method.to_string())).collect();
        let all = doors.len();
        doors.sort();
        doors.dedup();
        assert_eq!(doors.len(), all);
    }

    #[test]
    fn every_door_for_programs_is_described_and_no_other() {
        let described: std::collections::BTreeSet<_> = api::openapi().paths.paths.into_keys().collect();
        let listed =
            table().into_iter().filter(|route| route.path.starts_with("/api/") && !route.path.ends_with(".json"));
        assert_eq!(described, listed.map(|route| route.path.to_owned()).collect());
    }
}
