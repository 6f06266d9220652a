//! What tools that are not ours find at the doors of a running exchange (R5.1, R5.4–R5.7, R5.11): testssl.sh and sslyze, on
//! loopback, with the expected results asserted. Their whole output stays under `target/scan/`.

use crate::demo::{Build, Demo};
use crate::install;
use crate::shell::{Done, command, run, say, target};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A pinned version, so that a new release does not change what passes.
const SSLYZE: &str = "sslyze==6.3.1";
const SUITES: &str = "TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256";
/// Neither tool knows the hybrid group X25519MLKEM768 yet; the tests of the handshake do.
const GROUPS: [&str; 3] = ["X25519", "secp256r1", "secp384r1"];
const OLD_VERSIONS: [&str; 5] = ["SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2"];
const ATTACKS: [&str; 18] = [
    "heartbleed",
    "CCS",
    "ticketbleed",
    "ROBOT",
    "secure_renego",
    "secure_client_renego",
    "CRIME_TLS",
    "BREACH",
    "POODLE_SSL",
    "fallback_SCSV",
    "FREAK",
    "DROWN",
    "LOGJAM",
    "BEAST",
    "LUCKY13",
    "RC4",
    "cipherlist_NULL",
    "cipherlist_EXPORT",
];
/// What a demonstration cannot have: a public authority's revocation address, and a record in the public DNS.
const NOT_IN_A_DEMONSTRATION: [&str; 2] = ["cert_revocation", "DNS_CAArecord"];

/// Starts a demonstration and lets both tools at it.
pub(crate) fn scan() -> Done {
    install::to_scan()?;
    let folder = target().join("scan");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let venv = folder.join("venv");
    if !venv.join("bin").join("sslyze").exists() {
        run(command("python3").args(["-m", "venv"]).arg(&venv))?;
        run(command(venv.join("bin").join("pip")).args(["install", "--quiet", SSLYZE]))?;
    }
    let demo = Demo::build(Build::Debug)?;
    let outcome = look(&demo, &folder);
    demo.clear();
    outcome
}

fn look(demo: &Demo, folder: &Path) -> Done {
    demo.prepare()?;
    let server = demo.serve()?;
    let authority = demo.path("authority.pem");
    let mut findings = Findings::default();
    for (door, url) in [("exchange", server.exchange()), ("enrolment", server.enrolment())] {
        let host = url.trim_start_matches("https://");
        let file = folder.join(format!("sslyze-{door}.txt"));
        let text = sslyze(folder, host, &authority, &file)?;
        findings.sslyze(door, &text);
    }
    // testssl.sh cannot show a client certificate and gives up half-way without one; the policy is the same at this door.
    let csv = folder.join("testssl-enrolment.csv");
    let _ = fs::remove_file(&csv);
    testssl(server.enrolment().trim_start_matches("https://"), &authority, &csv)?;
    let text = fs::read_to_string(&csv).map_err(|error| format!("{}: {error}", csv.display()))?;
    findings.testssl(&text);
    findings.told(folder)
}

fn sslyze(folder: &Path, host: &str, authority: &str, file: &Path) -> Done<String> {
    let mut sslyze = command("timeout");
    sslyze.arg("120").arg(folder.join("venv").join("bin").join("sslyze")).args([
        "--mozilla_config=modern",
        "--certinfo_ca_file",
        authority,
        host,
    ]);
    let text = heard(&mut sslyze)?;
    fs::write(file, &text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text)
}

fn testssl(host: &str, authority: &str, csv: &Path) -> Done {
    let mut testssl = command("timeout");
    testssl
        .args(["600", "testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1"])
        .args(["--add-ca", authority, "--csvfile"])
        .arg(csv)
        .arg(host);
    let text = heard(&mut testssl)?;
    let file = csv.with_extension("txt");
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}

/// What a tool printed, however it judged: both end with an error when they find anything at all.
fn heard(tool: &mut Command) -> Done<String> {
    say(&format!("$ {} …", tool.get_args().nth(1).unwrap_or_default().to_string_lossy()));
    let output = tool.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.code() == Some(124) {
        return Err("測定の道具が時間内に終わりませんでした。".into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[derive(Default)]
struct Findings {
    rows: Vec<(String, bool, String)>,
}

impl Findings {
    fn row(&mut self, what: impl Into<String>, good: bool, found: impl Into<String>) {
        self.rows.push((what.into(), good, found.into()));
    }

    fn sslyze(&mut self, door: &str, text: &str) {
        let what = |what: &str| format!("sslyze {door}: {what}");
        let refused = text.matches("the server rejected all cipher suites").count();
        self.row(what("SSL 2.0–TLS 1.2"), refused == 5, format!("{refused} of 5 versions refused"));
        let suites: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| word.starts_with("TLS_AES") || word.starts_with("TLS_CHACHA"))
            .collect();
        let expected = SUITES.split(' ').all(|suite| suites.contains(&suite)) && suites.len() == 3;
        self.row(what("suites"), expected, suites.join(" "));
        let groups = text.lines().find_map(|line| line.trim().strip_prefix("Supported curves:")).unwrap_or_default();
        let named: Vec<_> = groups.split(',').map(str::trim).collect();
        let expected = named.len() == GROUPS.len() && GROUPS.iter().all(|group| named.contains(group));
        self.row(what("groups"), expected, groups.trim());
        let vulnerable = text.lines().filter(|line| line.contains("VULNERABLE -")).count();
        let sound = text.matches("OK - ").count();
        self.row(what("attacks"), vulnerable == 0 && sound >= 6, format!("{vulnerable} vulnerable, {sound} sound"));
        let grade = text.lines().find(|line| line.contains("ompliant")).map_or("", str::trim);
        let reasons: Vec<_> = text
            .lines()
            .skip_while(|line| !line.contains("ompliant"))
            .filter_map(|line| line.trim().strip_prefix("* "))
            .collect();
        self.row(what("Mozilla modern"), grade.contains("OK - Compliant"), format!("{grade} {}", reasons.join("; ")));
    }

    fn testssl(&mut self, csv: &str) {
        let mut results: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
        for line in csv.lines().skip(1) {
            // "id","fqdn/ip","port","severity","finding","cve","cwe"
            let fields: Vec<_> = line.split("\",\"").map(|field| field.trim_matches('"')).collect();
            if let [id, _, _, severity, finding, ..] = fields.as_slice() {
                results.insert(id, (severity, finding));
            }
        }
        let finding = |id: &str| results.get(id).map_or("", |(_, finding)| finding);
        let offered: Vec<_> =
            OLD_VERSIONS.iter().filter(|version| !finding(version).starts_with("not offered")).collect();
        self.row("testssl: SSLv2–TLS 1.2", offered.is_empty(), format!("offered: {offered:?}"));
        self.row("testssl: TLS 1.3", finding("TLS1_3").starts_with("offered"), finding("TLS1_3"));
        self.row("testssl: order of suites", finding("cipherorder_TLSv1_3") == SUITES, finding("cipherorder_TLSv1_3"));
        let curves = finding("PFS_ECDHE_curves");
        self.row("testssl: groups", curves == "prime256v1 secp384r1 X25519", curves);
        let tickets = finding("sessionresumption_ticket");
        self.row("testssl: resumption", tickets.starts_with("not supported"), tickets);
        let open: Vec<_> = ATTACKS
            .iter()
            .filter(|attack| results.get(**attack).is_none_or(|(severity, _)| *severity != "OK"))
            .collect();
        self.row("testssl: attacks", open.is_empty(), format!("{} tried, open: {open:?}", ATTACKS.len()));
        let hsts = results.get("HSTS_time").is_some_and(|(severity, _)| *severity == "OK");
        self.row("testssl: HSTS", hsts, finding("HSTS_time"));
        let serious: Vec<_> = results
            .iter()
            .filter(|(id, (severity, _))| {
                matches!(*severity, "LOW" | "MEDIUM" | "HIGH" | "CRITICAL") && !NOT_IN_A_DEMONSTRATION.contains(id)
            })
            .map(|(id, _)| *id)
            .collect();
        self.row("testssl: anything else", serious.is_empty(), format!("{} findings: {serious:?}", results.len()));
    }

    fn told(self, folder: &Path) -> Done {
        let mut table = String::new();
        for (what, good, found) in &self.rows {
            table.push_str(&format!("{} {what:<36} {found}\n", if *good { "ok  " } else { "BAD " }));
        }
        say(&table);
        let file = folder.join("table.txt");
        fs::write(&file, &table).map_err(|error| format!("{}: {error}", file.display()))?;
        let bad = self.rows.iter().filter(|(_, good, _)| !good).count();
        if bad == 0 { Ok(()) } else { Err(format!("{bad} of {} are not as the policy says", self.rows.len())) }
    }
}
