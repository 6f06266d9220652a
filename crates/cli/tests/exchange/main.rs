//! The exchange, seen from outside: the real binary, real TLS with real certificates, bad input first.
//!
//! `World` makes an exchange in a folder of its own and starts `fumibako serve`; `world.offices()` registers offices
//! nobody else uses, so that tests may share a server. `Device` is one enrolled device and says what it does:
//! `sender.sends(..)`, `receiver.collects(..)`. Every answer is looked at for the security headers on the way.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions, not the helpers of tests")]

mod acme;
mod answer;
mod arrival_mail;
mod authorities;
mod board;
mod browser;
mod canary;
mod checkpoints;
mod client_trust;
mod commands;
mod crash;
mod damage;
mod desk;
mod device;
mod disk;
mod document;
mod enclosing;
mod erasing;
mod evidence;
mod forms;
mod handover;
mod handshake;
mod history;
mod identity;
mod inside;
mod keys;
mod ledger_entries;
mod left_behind;
mod life;
mod log;
mod mailbox;
mod nodes;
mod people;
mod pki;
mod receipts;
mod registers;
mod routes;
mod samples;
mod self_scan;
mod sending;
mod server;
mod sets;
mod shipped;
mod sign_in;
mod staff;
mod tls12;
mod upgrade;
mod uploads;
mod vault;
mod wire;
mod world;
