use fumibako_identity::recovery::{
    CODE_LIFE, Case, CodeRefused, Method, OneTimeCode, PASS_LIFE_MAX, Purpose, Refusal, judge, needs_approval, redeem,
};
use fumibako_identity::role::{Role, Side};
use jiff::{SignedDuration, Timestamp};

use crate::morning;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn good() -> Case<'static, &'static str> {
    Case {
        subject: &"hanako",
        requester: &"taro",
        verifier: Some(&"taro"),
        approver: None,
        needs_approval: false,
        method: Some(Method::InPerson),
        evidence: Some([1; 32]),
        purpose: Purpose::Both,
        open_case: false,
        made_at: morning(),
        ends_at: morning() + CODE_LIFE,
    }
}

#[test]
fn r8_11_a_case_needs_another_person_a_method_and_evidence() {
    assert_eq!(judge(&good()), Ok(()));
    for (case, expected) in [
        (Case { requester: &"hanako", ..good() }, Refusal::SubjectRequests),
        (Case { verifier: None, ..good() }, Refusal::VerifierMissing),
        (Case { verifier: Some(&"hanako"), ..good() }, Refusal::SubjectVerifies),
        (Case { method: None, ..good() }, Refusal::MethodMissing),
        (Case { evidence: None, ..good() }, Refusal::EvidenceMissing),
        (Case { approver: Some(&"hanako"), ..good() }, Refusal::SubjectApproves),
        (Case { approver: Some(&"taro"), ..good() }, Refusal::ApproverNotAnother),
        (Case { needs_approval: true, ..good() }, Refusal::ApprovalMissing),
        (Case { open_case: true, ..good() }, Refusal::CaseOpen),
        (Case { purpose: Purpose::Invite, ..good() }, Refusal::NotRecovery),
        (Case { ends_at: morning(), ..good() }, Refusal::EndOutOfRange),
        (Case { ends_at: morning() + CODE_LIFE + SECOND, ..good() }, Refusal::EndOutOfRange),
    ] {
        assert_eq!(judge(&case), Err(expected));
    }
    let approved = Case { needs_approval: true, verifier: Some(&"jiro"), approver: Some(&"saburo"), ..good() };
    assert_eq!(judge(&approved), Ok(()));
    assert_eq!(judge(&Case { approver: Some(&"jiro"), ..approved }), Err(Refusal::ApproverNotAnother));
}

#[test]
fn r8_11_whoever_gives_rights_to_others_needs_two_others() {
    for role in Role::ALL {
        let gives = role.side() == Side::Operator || role == Role::OfficeAdministrator;
        assert_eq!(needs_approval([role]), gives, "{}", role.id());
    }
}

#[test]
fn r8_13_a_pass_has_an_end_and_there_is_one_at_a_time() {
    let pass = Case { purpose: Purpose::Temporary, ends_at: morning() + PASS_LIFE_MAX, ..good() };
    assert_eq!(judge(&pass), Ok(()));
    assert_eq!(judge(&Case { ends_at: morning() + PASS_LIFE_MAX + SECOND, ..pass }), Err(Refusal::EndOutOfRange));
    assert_eq!(judge(&Case { open_case: true, ..pass }), Err(Refusal::CaseOpen));
}

#[test]
fn r8_12_a_code_opens_once_for_its_owner_and_for_a_day() {
    let issued_at = morning();
    let code = OneTimeCode {
        account: "a",
        purpose: Purpose::Invite,
        issued_at,
        expires_at: issued_at + CODE_LIFE,
        used_at: None,
    };
    let end = issued_at + CODE_LIFE;
    assert_eq!(redeem(&code, "a", end - SECOND).map(|redeemed| redeemed.purpose()), Ok(Purpose::Invite));
    assert_eq!(redeem(&code, "a", end).err(), Some(CodeRefused::Expired));
    assert_eq!(redeem(&code, "a", issued_at - SECOND).err(), Some(CodeRefused::Expired));
    assert_eq!(redeem(&code, "b", issued_at).err(), Some(CodeRefused::OtherAccount), "opened by the administrator");
    let used = OneTimeCode { used_at: Some(issued_at), ..code };
    assert_eq!(redeem(&used, "a", issued_at).err(), Some(CodeRefused::Used));
    let forever = OneTimeCode { expires_at: Timestamp::MAX, ..code };
    assert_eq!(redeem(&forever, "a", end).err(), Some(CodeRefused::Expired), "whatever the row says");
}

#[test]
fn every_refusal_has_its_own_code_and_a_way_out() {
    let codes: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
    for refusal in Refusal::ALL {
        assert!(refusal.what().ends_with('。') && refusal.fix().ends_with('。'), "{refusal:?}");
    }
    for purpose in Purpose::ALL {
        assert_eq!(Purpose::from_id(purpose.id()), Some(purpose));
    }
    for method in Method::ALL {
        assert_eq!(Method::from_id(method.id()), Some(method));
    }
}
