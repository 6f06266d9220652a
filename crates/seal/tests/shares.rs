//! Recovery shares (R6.6): enough of them restore the key, fewer tell nothing, and a slip of the pen is found.

use fumibako_seal::{MasterKey, SHARES_MAX, Share, ShareError, combine_shares, split_master_key};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

fn master(seed: u8) -> MasterKey {
    MasterKey::from_bytes(&[seed; 32].into())
}

fn shares(seed: u8, of: u8, need: u8) -> Vec<Share> {
    split_master_key(&master(seed), of, need, &mut ChaCha20Rng::seed_from_u64(u64::from(seed)))
        .expect("numbers that are allowed")
}

#[test]
fn r6_6_any_three_of_five_restore_the_key_and_no_two_do() {
    let all = shares(1, 5, 3);
    for a in 0..5 {
        for b in 0..5 {
            let pair = [all[a].clone(), all[b].clone()];
            assert_eq!(combine_shares(&pair).err(), Some(ShareError::TooFew), "{a} {b}");
            for c in 0..5 {
                if a != b && b != c && a != c {
                    let three = [all[a].clone(), all[b].clone(), all[c].clone()];
                    assert_eq!(combine_shares(&three).unwrap().id(), master(1).id());
                }
            }
        }
    }
    assert_eq!(combine_shares(&[]).err(), Some(ShareError::TooFew));
    assert_eq!(combine_shares(&all).unwrap().id(), master(1).id());
}

#[test]
fn r6_6_the_same_share_again_is_not_another() {
    let all = shares(2, 3, 3);
    let again = [all[0].clone(), all[1].clone(), all[1].clone()];
    assert_eq!(combine_shares(&again).err(), Some(ShareError::TooFew));
}

#[test]
fn r6_6_shares_of_two_keys_or_two_makings_do_not_mix() {
    let (one, other) = (shares(1, 5, 2), shares(2, 5, 2));
    assert_eq!(combine_shares(&[one[0].clone(), other[1].clone()]).err(), Some(ShareError::NotTogether));
    let later = split_master_key(&master(1), 5, 2, &mut ChaCha20Rng::seed_from_u64(99)).unwrap();
    assert_eq!(combine_shares(&[one[0].clone(), later[1].clone()]).err(), Some(ShareError::NotTogether));
}

#[test]
fn r6_6_one_person_alone_is_never_enough() {
    for (of, need) in [(5, 1), (5, 0), (1, 1), (2, 3), (SHARES_MAX + 1, 2), (255, 3)] {
        let split = split_master_key(&master(1), of, need, &mut ChaCha20Rng::seed_from_u64(1));
        assert_eq!(split.err(), Some(ShareError::BadNumbers), "{of} {need}");
    }
}

#[test]
fn a_share_is_read_as_people_type_it() {
    for share in shares(3, 5, 3) {
        let text = share.to_text();
        assert!(text.is_ascii() && text.len() < 130, "{}", text.len());
        let typed = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(Share::parse(&typed).unwrap().to_text(), text);
        assert_eq!(Share::parse(&typed).unwrap().check_words(), share.check_words());
    }
    let words: Vec<String> = shares(3, 5, 3).iter().map(Share::check_words).collect();
    assert!(words.iter().all(|one| words.iter().filter(|other| one == *other).count() == 1), "{words:?}");
}

#[test]
fn every_single_slip_of_the_pen_is_found() {
    let text = shares(4, 2, 2)[0].to_text();
    for (at, letter) in text.char_indices().filter(|(_, letter)| *letter != '-') {
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars().filter(|other| *other != letter) {
            let mut slip = text.to_string();
            slip.replace_range(at..=at, &other.to_string());
            assert!(matches!(Share::parse(&slip), Err(ShareError::Mistyped | ShareError::NotAShare)), "{at} {other}");
        }
    }
    for bad in ["", "-", "あ", &text[..text.len() - 1], &format!("{}0", *text), &"0".repeat(1000)] {
        assert!(Share::parse(bad).is_err(), "{bad}");
    }
}
