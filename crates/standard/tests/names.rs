//! File names: what is read, what is refused, and why.

use fumibako_standard::name::{NameEdition, NameProblem, Token, parse};
use fumibako_standard::{FileKind, OfficeNumber, Serial, ServiceMonth, ServiceType};

fn fault(name: &str) -> (Token, NameProblem) {
    let fault = parse(name).expect_err(name);
    assert!(!fault.message().is_empty());
    (fault.token, fault.problem)
}

#[test]
fn a_name_of_4_1_is_taken_apart() {
    let name = parse("UPHOSOKU_202604_1370000001_43_13A0000002_2A_20260320093000.csv").expect("a name");
    assert_eq!(name.kind, FileKind::Uphosoku);
    assert_eq!(name.month, ServiceMonth::new(2026, 4));
    assert_eq!(name.sender.as_str(), "1370000001");
    assert_eq!(name.receiver_type.map(|code| code.to_string()).as_deref(), Some("2A"));
    assert_eq!(name.serial.as_str(), "20260320093000");
    assert_eq!(name.to_string(), "UPHOSOKU_202604_1370000001_43_13A0000002_2A_20260320093000.CSV");
}

#[test]
fn names_of_older_editions_are_told_apart() {
    let old = parse("UPPLAN_202412_1370000001_1370000002_20241120093000.CSV").expect("3.x");
    assert_eq!((old.edition, old.sender_type), (NameEdition::V3, None));
    let name = "UP3KYO_1370000001_430_1370000002_110_20241120093000.CSV";
    let old = parse(name).expect("4.0");
    assert_eq!((old.edition, old.sender_type), (NameEdition::V40, None));
    assert_eq!(old.to_string(), name);
}

#[test]
fn the_longest_prefix_wins() {
    let name = parse("UPKIHON_SUB1_1370000001_46_1370000002_A2_20260320093000.CSV").expect("a name");
    assert_eq!(name.kind, FileKind::UpkihonSub1);
    let image = "UPKIHON_IMAGE_1370000001_46_1370000002_A2_20260320093000_0012.JPG";
    assert_eq!(parse(image).expect("a name").branch, Some(*b"0012"));
}

#[test]
fn each_token_is_named_when_it_is_wrong() {
    let form = NameProblem::Form;
    for (name, expected) in [
        ("UPPLAN_202613_1370000001_43_1370000002_11_20260320093000.CSV", (Token::Month, form)),
        ("UPPLAN_000000_1370000001_43_1370000002_11_20260320093000.CSV", (Token::Month, form)),
        ("UPPLAN_202604_137000001_43_1370000002_11_20260320093000.CSV", (Token::Sender, form)),
        ("UPPLAN_202604_137000000a_43_1370000002_11_20260320093000.CSV", (Token::Sender, form)),
        ("UPPLAN_202604_1370000001_4_1370000002_11_20260320093000.CSV", (Token::SenderType, form)),
        ("UPPLAN_202604_1370000001_43_1370000002_1111_20260320093000.CSV", (Token::ReceiverType, form)),
        ("UPPLAN_202604_1370000001_43_13700000022_11_20260320093000.CSV", (Token::Receiver, form)),
        ("UPPLAN_202604_1370000001_43_1370000002_11_20260229093000.CSV", (Token::Serial, form)),
        ("UPPLAN_202604_1370000001_43_1370000002_11_20260320240000.CSV", (Token::Serial, form)),
        ("UPPLAN_202604_1370000001_43_1370000002_11_202603200930000.CSV", (Token::Serial, form)),
        ("UPPLAN_202604_1370000001_43_1370000002_11_20260320093000 (1).CSV", (Token::Serial, NameProblem::Copy)),
        ("UPPLAN_202604_1370000001_43_1370000002_11_20260320093000.TXT", (Token::Extension, NameProblem::Extension)),
        ("UPKIHON_IMAGE_1370000001_46_1370000002_A2_20260320093000_1.jpg", (Token::Branch, form)),
        (
            "UPKIHON_IMAGE_1370000001_46_1370000002_A2_20260320093000_0001.png",
            (Token::Extension, NameProblem::Extension),
        ),
        ("UPPLAN_1370000001_43_1370000002_11_20260320093000.CSV", (Token::Whole, NameProblem::Parts)),
        ("UP3KYO_1370000001_1370000002_20260320093000.CSV", (Token::Whole, NameProblem::Parts)),
        ("PLAN_202604.CSV", (Token::Prefix, NameProblem::Unknown)),
        ("", (Token::Prefix, NameProblem::Unknown)),
    ] {
        assert_eq!(fault(name), expected, "{name}");
    }
}

#[test]
fn hostile_names_are_refused_with_their_own_message() {
    for (name, problem) in [
        ("../UPPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV", NameProblem::Path),
        ("C:\\temp\\UPPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV", NameProblem::Path),
        ("UPPLAN＿202604＿1370000001＿43＿1370000002＿11＿20260320093000.CSV", NameProblem::FullWidth),
        ("UPPLAN_202604_1370000001_43_1370000002_１１_20260320093000.CSV", NameProblem::FullWidth),
        ("UPPLAN_202604_1370000001\u{0332}_43_1370000002_11_20260320093000.CSV", NameProblem::FullWidth),
        ("UPPLAN_202604_1370000001_43_1370000002_11_20260320093000.CSV\0", NameProblem::Control),
        ("UPPLAN_202604_1370000001_43_1370000002_11_20260320093000\u{202E}.CSV", NameProblem::Control),
        ("UPPLAN_202604_1370000001_43_1370000002_11_20260320093000 - コピー.CSV", NameProblem::Copy),
    ] {
        assert_eq!(fault(name).1, problem, "{name}");
    }
    assert_eq!(fault(&"あ".repeat(100_000)).1, NameProblem::TooLong);
}

#[test]
fn values_keep_their_form() {
    assert_eq!("1370000001".parse::<OfficeNumber>().expect("a number").to_string(), "1370000001");
    for wrong in ["137000000", "13700000011", "137000000-", "１３７０００００", "13700000 1"] {
        assert!(wrong.parse::<OfficeNumber>().is_err(), "{wrong}");
    }
    assert!("A2".parse::<ServiceType>().is_ok() && "a2".parse::<ServiceType>().is_err());
    assert!("20240229235959".parse::<Serial>().is_ok() && "20250229000000".parse::<Serial>().is_err());
    assert!("20260101000000".parse::<Serial>().ok() < "20260101000001".parse::<Serial>().ok());
    let month: ServiceMonth = "202402".parse().expect("a month");
    assert_eq!((month.year(), month.month(), month.days(), month.to_string().as_str()), (2024, 2, 29, "202402"));
    assert!(["202400", "202413", "2024", "24-4-1"].iter().all(|wrong| wrong.parse::<ServiceMonth>().is_err()));
    assert_eq!(ServiceMonth::new(2026, 13), None);
}
