use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::{env, fs};

use fumibako_identity::role::{
    Deed, Denied, Held, Role, Side, TABLE, Way, Who, Why, decide, incompatible, may, may_hold, who,
};
use fumibako_identity::scope::{NotScopes, Scope, Scopes};
use fumibako_identity::session::Level;
use proptest::prelude::*;

/// What needs a session and no role.
const FOR_EVERYONE: [Deed; 3] = [Deed::SignOut, Deed::ChooseOffice, Deed::OwnAccount];

fn only(role: Role) -> BTreeSet<Role> {
    BTreeSet::from([role])
}

/// Every role against every deed, written out a second time: the table may not change by accident.
const MATRIX: &str = "\
deed                a s v o k m u
enrol               . . . . . . .
show-second-factor  . . . . . . .
sign-out            x x x x x x x
choose-office       x x x x x x x
own-account         x x x x x x x
list-sets           x x x . . . .
read-sets           x x x . . . .
collect-sets        x x . . . . .
send-sets           x x . . . . .
withdraw-sets       x x . . . . .
reconcile-sets      x x . . . . .
manage-staff        x . . . . . .
manage-devices      x . . . . . .
manage-software     x . . . . . .
request-recovery    x . . x . . .
approve-recovery    x . . x . . .
request-grants      x . . x . . .
confirm-grants      x . . x . . .
take-stock          x . . x . . .
read-registers      x . . x . . x
keep-registers      x . . x . . .
approve-rules       x . . x . . .
record-training     x . . x . . .
read-office-ledger  x . . . . . .
export-evidence     x . . . . . .
register-offices    . . . x . . .
request-enrolment   . . . x . . .
approve-enrolment   . . . x . . .
manage-operators    . . . x . . .
see-health          . . . x . x x
hold-keys           . . . . x . .
maintain            . . . . . x .
erase               . . . . . x .
approve-erasure     . . . x . . .
verify-erasure      . . . . . . x
see-erasures        . . . x . x x
hold-erasures       . . . x . . x
see-alarms          . . . x x . x
read-ledger         . . . . . . x
";

#[test]
fn r12_1_every_role_may_do_what_the_catalogue_says_and_nothing_else() {
    let mut matrix = format!("{:20}a s v o k m u\n", "deed");
    for deed in Deed::ALL {
        let cells = Role::ALL.map(|role| if may(&only(role), deed) { "x" } else { "." });
        writeln!(matrix, "{:20}{}", deed.id(), cells.join(" ")).expect("a String takes everything");
    }
    assert_eq!(matrix, MATRIX);
}

#[test]
fn r12_1_every_deed_is_in_the_table_once_and_nobody_may_do_anything() {
    let listed: BTreeSet<Deed> = TABLE.iter().map(|(deed, _)| *deed).collect();
    assert_eq!((listed.len(), TABLE.len()), (Deed::ALL.len(), Deed::ALL.len()));
    let nobody = BTreeSet::new();
    for deed in Deed::ALL {
        assert_eq!(may(&nobody, deed), FOR_EVERYONE.contains(&deed), "{}", deed.id());
    }
    let ids: BTreeSet<_> = Deed::ALL.iter().map(|deed| deed.id()).collect();
    assert_eq!(ids.len(), Deed::ALL.len());
}

#[test]
fn r8_2_only_a_full_session_reaches_rights() {
    for role in Role::ALL {
        for deed in Deed::ALL {
            let decided = |level| decide(level, &only(role), &[], deed);
            assert_eq!(decided(Level::Full).is_ok(), may(&only(role), deed), "{} {}", role.id(), deed.id());
            assert_eq!(decided(Level::Password).is_ok(), [Deed::ShowSecondFactor, Deed::SignOut].contains(&deed));
            assert_eq!(decided(Level::Enrol).is_ok(), [Deed::Enrol, Deed::SignOut].contains(&deed), "R8.12");
            let passes = may(&only(role), deed) && deed.with_temporary_pass();
            assert_eq!(decided(Level::Temporary).is_ok(), passes, "R8.13");
        }
    }
}

#[test]
fn r12_5_all_pairs() {
    let mut pairs = String::new();
    for (at, a) in Role::ALL.into_iter().enumerate() {
        for b in Role::ALL.into_iter().skip(at) {
            assert_eq!(incompatible(a, b), incompatible(b, a), "the order does not matter");
            if let Some(why) = incompatible(a, b).filter(|why| *why != Why::OperatorAndOffice) {
                writeln!(pairs, "{} × {}: {why:?}", a.id(), b.id()).expect("a String takes everything");
            }
            assert_eq!(incompatible(a, b) == Some(Why::OperatorAndOffice), a.side() != b.side());
        }
        assert_eq!(incompatible(a, a), None);
    }
    assert_eq!(
        pairs,
        "operator-administrator × key-custodian: AdministratorAndKeys\n\
         operator-administrator × auditor: AuditorStandsAlone\n\
         key-custodian × maintenance: DatabaseAndKeys\n\
         key-custodian × auditor: AuditorStandsAlone\n\
         maintenance × auditor: AuditorStandsAlone\n"
    );
}

#[test]
fn r12_5_no_way_brings_incompatible_roles_together() {
    for a in Role::ALL {
        for b in Role::ALL {
            for by in Way::ALL {
                // By grant, by delegation, by a pass, by a second account.
                let held = Held { role: a, by };
                assert_eq!(may_hold(&[held], b).err().map(|conflict| conflict.why), incompatible(a, b));
                assert_eq!(may_hold(&[held], b).err().map(|conflict| conflict.held), incompatible(a, b).map(|_| held));
                let Some(why) = incompatible(a, b) else { continue };
                // And at the time of acting, should they have come together all the same.
                for deed in Deed::ALL.into_iter().filter(|deed| may(&only(b), *deed) && !FOR_EVERYONE.contains(deed)) {
                    assert_eq!(decide(Level::Full, &only(b), &[held], deed), Err(Denied::Incompatible(why)));
                    assert!(!may(&BTreeSet::from([a, b]), deed));
                }
            }
        }
    }
}

#[test]
fn r12_5_what_is_held_elsewhere_gives_no_right_here() {
    let elsewhere = [Held { role: Role::OfficeAdministrator, by: Way::Grant }];
    let here = only(Role::OfficeViewer);
    assert_eq!(decide(Level::Full, &here, &elsewhere, Deed::ManageStaff), Err(Denied::NotGranted));
    assert_eq!(decide(Level::Full, &here, &elsewhere, Deed::ReadSets), Ok(()));
}

#[test]
fn r2_7_nobody_of_the_operator_reads_sets() {
    for role in Role::ALL.into_iter().filter(|role| role.side() == Side::Operator) {
        for deed in [Deed::ListSets, Deed::ReadSets, Deed::CollectSets, Deed::SendSets, Deed::WithdrawSets] {
            assert!(!may(&only(role), deed), "{}", role.id());
        }
    }
}

#[test]
fn r8_4_administrators_need_a_passkey() {
    let needing: Vec<_> = Role::ALL.into_iter().filter(|role| role.needs_passkey()).map(Role::id).collect();
    assert_eq!(needing, ["operator-administrator", "key-custodian", "maintenance"]);
}

#[test]
fn r12_1_a_program_does_what_its_scopes_say() {
    for (text, deeds) in [
        ("collect", vec![Deed::CollectSets]),
        ("read", vec![Deed::ListSets, Deed::ReadSets]),
        ("send", vec![Deed::SendSets, Deed::WithdrawSets]),
        (
            "collect read send",
            vec![Deed::ListSets, Deed::ReadSets, Deed::CollectSets, Deed::SendSets, Deed::WithdrawSets],
        ),
    ] {
        let scopes: Scopes = text.parse().expect("scopes");
        let may: Vec<Deed> = Deed::ALL.into_iter().filter(|deed| scopes.may(*deed)).collect();
        assert_eq!(may, deeds, "{text}");
        assert_eq!(scopes.to_string(), text);
    }
    assert_eq!("send read".parse::<Scopes>().map(|scopes| scopes.to_string()), Ok("read send".to_owned()));
    for text in ["", " ", "admin", "send admin", "SEND", "send,read", &"send ".repeat(50)] {
        assert_eq!(text.parse::<Scopes>(), Err(NotScopes), "{text}");
    }
    assert_eq!(Scopes::of(&[]), None);
}

#[test]
fn ids_are_read_back_and_labels_say_something() {
    for role in Role::ALL {
        assert_eq!(Role::from_id(role.id()), Some(role));
        assert!(!role.label().is_ascii());
    }
    assert_eq!(Side::from_id("operator"), Some(Side::Operator));
    for why in Why::ALL {
        assert!(why.what().ends_with('。') && why.fix().ends_with('。'));
    }
}

proptest! {
    #[test]
    fn scopes_survive_their_text(bits in 1u8..8) {
        let scopes: Vec<Scope> = Scope::ALL.into_iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, s)| s).collect();
        let scopes = Scopes::of(&scopes).expect("some");
        prop_assert_eq!(scopes.to_string().parse::<Scopes>(), Ok(scopes));
    }

    #[test]
    fn no_text_makes_scopes_panic(text in any::<String>()) {
        let _ = text.parse::<Scopes>();
    }
}

#[test]
fn r12_1_the_document_says_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/roles.md");
    if env::var_os("FUMIBAKO_BLESS").is_some() {
        fs::write(path, document()).expect("docs can be written");
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == document(), "docs/roles.md differs from the table; FUMIBAKO_BLESS=1 rewrites it");
}

fn document() -> String {
    let mut page = String::from(
        "# 役割と権限\n\nだれが何をしてよいかの表です。この文書は権限の表そのものから作られます。手で書き換えないでください。\n\
         表にないことは、だれにもできません。\n\n## 役割\n\n| 役割 | 記号 | 側 | パスキー |\n|---|---|---|---|\n",
    );
    for role in Role::ALL {
        let side = if role.side() == Side::Office { "事業所" } else { "運営者" };
        let passkey = if role.needs_passkey() { "必須" } else { "" };
        writeln!(page, "| {} | `{}` | {side} | {passkey} |", role.label(), role.id())
            .expect("a String takes everything");
    }
    page.push_str("\n## できること\n\n| 操作 | 記号 |");
    for role in Role::ALL {
        write!(page, " {} |", role.label()).expect("a String takes everything");
    }
    page.push_str(" 一時パス | ソフト |\n|---|---|");
    page.push_str(&"---|".repeat(Role::ALL.len() + 2));
    page.push('\n');
    for deed in Deed::ALL {
        let cells = Role::ALL.map(|role| match who(deed) {
            Some(Who::At(Level::Enrol)) => "登録中",
            Some(Who::At(_)) => "途中",
            _ if may(&only(role), deed) => "○",
            _ => "",
        });
        let pass = if deed.with_temporary_pass() { "○" } else { "" };
        let scope = deed.scope().map_or("", Scope::id);
        writeln!(page, "| {} | `{}` | {} | {pass} | {scope} |", deed.label(), deed.id(), cells.join(" | "))
            .expect("a String takes everything");
    }
    page.push_str(
        "\n「登録中」は登録コードで入った人だけ、「途中」はパスワードのあと二つ目の要素を示す前の人だけができます。\n\
         サインアウトは、どの段階でもできます。\n\
         「ソフト」は、ケアソフトの接続に要る範囲です。空欄は、ソフトにはできません。\n\n## 兼ねられない役割\n\n\
         付与・代行・一時パス・同じ人の別のアカウントのどれによっても兼ねられません。\n\n| 役割 | 役割 | 理由 |\n|---|---|---|\n",
    );
    writeln!(page, "| 事業所のどの役割も | 運営者のどの役割も | {} |", Why::OperatorAndOffice.what())
        .expect("a String takes everything");
    for (at, a) in Role::ALL.into_iter().enumerate() {
        for b in Role::ALL.into_iter().skip(at + 1) {
            if let Some(why) = incompatible(a, b).filter(|why| *why != Why::OperatorAndOffice) {
                writeln!(page, "| {} | {} | {} |", a.label(), b.label(), why.what())
                    .expect("a String takes everything");
            }
        }
    }
    page.push_str(
        "\n申請する人・受ける人・確認する人は、いつも別の三人です。開発する人とリリースする人の分離は、この表の外、\n\
         リリースの手順で守ります。\n",
    );
    page
}
