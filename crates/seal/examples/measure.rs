//! What sealing and opening one small set costs: 3 files of 6 KB, two offices. `cargo run --release --example measure`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and stops when it fails")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::Instant;

use fumibako_seal::{Agreement, Envelope, OfficePublicKey, OfficeSecretKey, Party, Sealer, SetKey, Suite};
use support::{binding, content, file, rng};

/// The best batch tells what the work costs, the median what the machine was doing besides.
const BATCHES: usize = 60;
const ROUNDS: u32 = 50;

fn main() {
    let files = [content(6000), content(6100), content(5900)];
    for suite in Suite::ALL {
        let mut rng = rng(1);
        let sender = OfficeSecretKey::generate(suite, &mut rng).unwrap();
        let receiver = OfficeSecretKey::generate(suite, &mut rng).unwrap();
        let place = binding("t-1");
        let mut envelope = Vec::new();
        let mut objects = Vec::new();
        let mut sealer = Sealer::new();

        time(suite, "seal set (envelope for 2 + 3 files)", || {
            let key = SetKey::generate(&mut rng);
            envelope = Envelope::seal(&key, sender.public(), receiver.public(), &place, &mut rng).unwrap().to_bytes();
            objects = (1..)
                .zip(&files)
                .map(|(n, f)| sealer.seal_object(&key, &file(place, n), f, &mut rng).unwrap())
                .collect();
        });
        time(suite, "open set (envelope + 3 files)", || {
            let key = Envelope::parse(&envelope).unwrap().open(&receiver, &place).unwrap();
            for (n, object) in (1..).zip(&objects) {
                black_box(key.open_object(&file(place, n), object, 1 << 20).unwrap());
            }
        });
        let key = SetKey::generate(&mut rng);
        time(suite, "of which: seal 3 files", || {
            for (n, f) in (1..).zip(&files) {
                black_box(sealer.seal_object(&key, &file(place, n), f, &mut rng).unwrap());
            }
        });
        time(suite, "of which: seal envelope for 2", || {
            black_box(Envelope::seal(&key, sender.public(), receiver.public(), &place, &mut rng).unwrap());
        });
        let agree =
            |office: &OfficeSecretKey, party, rng: &mut _| Agreement::with(office.public(), party, rng).unwrap();
        let agreed = [agree(&sender, Party::Sender, &mut rng), agree(&receiver, Party::Receiver, &mut rng)];
        time(suite, "the same under agreements made before", || {
            let wraps = [&agreed[0], &agreed[1]].map(|agreement| agreement.wrap(&key, &place, &mut rng).unwrap());
            black_box(Envelope::new(wraps.to_vec()).unwrap());
        });
        time(suite, "of which: open envelope", || {
            black_box(Envelope::parse(&envelope).unwrap().open(&receiver, &place).unwrap());
        });
        let (public, secret) = (receiver.public().to_bytes(), receiver.to_bytes());
        time(suite, "parse public key", || {
            black_box(OfficePublicKey::from_bytes(&public).unwrap());
        });
        time(suite, "parse secret key", || {
            black_box(OfficeSecretKey::from_bytes(&secret).unwrap());
        });
        let sealed: usize = objects.iter().map(Vec::len).sum();
        let plain: usize = files.iter().map(Vec::len).sum();
        println!("{suite:?}: envelope {} bytes, files {plain} -> {sealed} bytes", envelope.len());
    }
}

fn time(suite: Suite, what: &str, mut work: impl FnMut()) {
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                work();
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    println!("{suite:?}: {what}: best {:.1} µs, median {:.1} µs", batches[0], batches[batches.len() / 2]);
}
