//! The exchange at work, for somebody who has never seen it: two invented offices, three sets, ten lines.

use crate::install;
use crate::shell::{Done, cargo, command, output, run, say, target};
use crate::wasm;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const CARE_OFFICE: (&str, &str, &str) = ("1399900018", "43", "架空みどり居宅介護支援事業所");
const SERVICE_OFFICE: (&str, &str, &str) = ("1399900026", "11", "架空ひまわり訪問介護ステーション");
const PEOPLE: &str = "12";
/// Who looks at the pages of the first office.
const ADMINISTRATOR: &str = "midori";
/// For the browser file of the demonstration only; it lies in a folder that is thrown away.
const P12_PASSWORD: &str = "fumibako-demo";
const PASSPHRASE: &str = "demonstration only, thrown away";

/// `once` ends after the exchange; otherwise the server keeps serving until interrupted.
pub(crate) fn play(once: bool) -> Done {
    let demo = Demo::build(Build::Debug)?;
    let outcome = demo.play(once);
    if once {
        demo.clear();
    }
    outcome
}

fn free_port() -> Done<u16> {
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    Ok(free.map_err(|error| format!("no free port: {error}"))?.port())
}

/// How the program is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Quickly.
    Debug,
    /// For work, and for what is measured.
    Release,
}

/// An exchange in a folder of its own.
pub(crate) struct Demo {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
}

/// The server, stopped when the demonstration ends in whatever way.
pub(crate) struct Server {
    child: Child,
    pub(crate) exchange: String,
    pub(crate) enrolment: String,
    /// Where an office that is not on the exchange gets what was handed over to it.
    pub(crate) handover: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub(crate) fn exchange(&self) -> &str {
        &self.exchange
    }

    pub(crate) fn enrolment(&self) -> &str {
        &self.enrolment
    }
}

/// A fresh exchange that serves while `then` runs, and is thrown away afterwards.
pub(crate) fn with_exchange(build: Build, then: impl FnOnce(&Demo, &Server) -> Done) -> Done {
    let demo = Demo::build(build)?;
    let outcome =
        demo.prepare().and_then(|()| demo.mails()).and_then(|()| demo.serve()).and_then(|server| then(&demo, &server));
    demo.clear();
    outcome
}

impl Demo {
    pub(crate) fn build(build: Build) -> Done<Self> {
        install::to_build()?;
        let release = build == Build::Release;
        run(cargo().args(["build", "--package", "fumibako"]).args(release.then_some("--release")))?;
        let program = target().join(if release { "release" } else { "debug" }).join("fumibako");
        wasm::beside(&program)?;
        let folder = std::env::temp_dir().join(format!("fumibako-demo-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { program, folder })
    }

    pub(crate) fn clear(&self) {
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn play(&self, once: bool) -> Done {
        self.prepare()?;
        let mut server = self.serve()?;
        say("");
        say(&format!("1. 交換所を開きました。暗号化したデータベースを新しく作りました（{}）。", self.folder.display()));
        for (device, (number, kind, name)) in [("care", CARE_OFFICE), ("service", SERVICE_OFFICE)] {
            self.fumibako(&["office", "add", number, "--name", name, "--type", kind])?;
            self.enrol(&server, device, number)?;
        }
        say(&format!("2. 架空の事業所を二つ登録しました: {} と {}。", CARE_OFFICE.2, SERVICE_OFFICE.2));
        say("3. 両方の端末に証明書を発行しました。秘密鍵は端末の中で作り、外に出ていません。");

        self.sample("to-service", "care_plan,schedule", CARE_OFFICE, SERVICE_OFFICE)?;
        let sent = self.letters("care", "service", "to-service", "at-service")?;
        say(&format!("4. 居宅が計画書（第1〜3表）と利用票（第6・7表）、{PEOPLE}人分を送りました（{sent}ファイル）。"));
        say("5. 交換所が標準仕様に照らして検査し、封をし、記録と一緒にディスクに書きました。");
        say("6. 訪問介護が受け取りました。送った内容と1バイトも違いません。");

        self.sample("to-care", "actual", SERVICE_OFFICE, CARE_OFFICE)?;
        let sent = self.letters("service", "care", "to-care", "at-care")?;
        say(&format!("7. 訪問介護が実績を返し（{sent}ファイル）、居宅が受け取りました。これも同じ内容です。"));

        let again = self.fumibako(&["send", "--device", &self.path("care"), &self.path("to-service")])?;
        if !again.contains("送信 0件、送信済み 2件") {
            return Err(format!("同じデータが二度受け付けられました:\n{again}"));
        }
        say("8. 同じデータをもう一度送っても、二重にはなりませんでした。");
        self.nothing_readable()?;
        say("9. ディスクを調べました。利用者の氏名は、どのファイルからも読めません。");
        say(&format!("10. 画面: {} （証明書: {}、合言葉: {P12_PASSWORD}）", server.exchange, self.path("care.p12")));
        say("    この証明書をブラウザーに取り込むと開けます。「コードを入力する」で、次のものを入れてください。");
        say(&format!("    ログインID: {ADMINISTRATOR}　コード: {}", self.invite()?));
        say(&format!("    ほかのブラウザーを登録する手引き: {}", server.enrolment));
        if once {
            return Ok(());
        }
        say("    終わるには Ctrl+C を押してください。作ったものはこのフォルダーに残ります。");
        let status = server.child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("交換所が止まりました: {status}")) }
    }

    pub(crate) fn prepare(&self) -> Done {
        let write = |name: &str, text: &str| {
            fs::write(self.folder.join(name), text).map_err(|error| format!("{name}: {error}"))
        };
        // This door alone is named beforehand: the program says the other two in one line.
        let port = free_port()?;
        write("handover-port", &port.to_string())?;
        write("passphrase", PASSPHRASE)?;
        write("p12-password", P12_PASSWORD)?;
        // Port 0: whatever is free, so that a second demonstration does not meet the first.
        write(
            "fumibako.toml",
            &format!(
                "data = \"data\"\n\
             [key_store]\nfile = \"keys/master.key\"\npassphrase_file = \"passphrase\"\n\
             [listen]\nexchange = \"127.0.0.1:0\"\nenrolment = \"127.0.0.1:0\"\nhandover = \"127.0.0.1:{port}\"\n\
             names = [\"localhost\"]\n"
            ),
        )?;
        self.fumibako(&["init"]).map(|_| ())
    }

    /// Mails go to a port of this machine, where a journey may listen.
    fn mails(&self) -> Done {
        let (config, port) = (self.folder.join("fumibako.toml"), free_port()?);
        let failed = |error: std::io::Error| format!("mails: {error}");
        fs::write(self.folder.join("mail-port"), port.to_string()).map_err(failed)?;
        let text = fs::read_to_string(&config).map_err(failed)?;
        let mail = format!(
            "{text}[log]\nmail = {{ server = \"127.0.0.1\", port = {port}, tls = \"none\", from = \"exchange@example.jp\", to = \"audit@example.jp\" }}\n"
        );
        fs::write(&config, mail).map_err(failed)
    }

    pub(crate) fn serve(&self) -> Done<Server> {
        let mut child = self
            // One line for every connection is of use elsewhere; here it hides what is shown.
            .command(&["serve", "--demo", "--log", "warn"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("fumibako serve: {error}"))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let addresses: Vec<_> = line
            .split("https://")
            .skip(1)
            .map(|rest| format!("https://{}", rest.split(['（', '）', '\n']).next().unwrap_or_default()))
            .collect();
        match addresses.as_slice() {
            [exchange, enrolment] => {
                let port = fs::read_to_string(self.folder.join("handover-port")).map_err(|error| error.to_string())?;
                let handover = format!("https://localhost:{port}");
                Ok(Server { child, exchange: exchange.clone(), enrolment: enrolment.clone(), handover })
            }
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                Err("交換所が開きませんでした。".into())
            }
        }
    }

    fn enrol(&self, server: &Server, device: &str, number: &str) -> Done {
        let proof = [
            "--software",
            "send,collect,read",
            "--label",
            "受付のPC",
            "--evidence",
            "架空の事業所なので、確かめていません",
        ];
        // Two people are asked for; here both are invented.
        let people = ["--by", "demo-1", "--approved-by", "demo-2"];
        let issued = self.fumibako(&[&["device", "code", number][..], &proof, &people].concat())?;
        let code =
            issued.lines().find_map(|line| line.strip_prefix("登録コード: ")).ok_or("登録コードが出ませんでした。")?;
        self.fumibako(&[
            "device",
            "enrol",
            "--enrolment",
            &server.enrolment,
            "--code",
            code,
            "--authority",
            &self.path("authority.pem"),
            "--device",
            &self.path(device),
            "--p12",
            &self.path(&format!("{device}.p12")),
            "--p12-password-file",
            &self.path("p12-password"),
        ])
        .map(|_| ())
    }

    /// An account for whoever looks at the demonstration; returns the code to set it up with.
    fn invite(&self) -> Done<String> {
        let person = ["--login", ADMINISTRATOR, "--name", "架空 みどり", "--kana", "かくうみどり"];
        let proof = ["--person-key", "かくうみどり 1980-01-01", "--by", "demo-1", "--approved-by", "demo-2"];
        let invited = self.fumibako(&[&["account", "invite-office", CARE_OFFICE.0][..], &person, &proof].concat())?;
        let code = invited.lines().find_map(|line| line.strip_prefix("招待コード: "));
        code.map(str::to_owned).ok_or_else(|| "招待コードが出ませんでした。".to_owned())
    }

    fn sample(&self, folder: &str, kinds: &str, from: (&str, &str, &str), to: (&str, &str, &str)) -> Done {
        self.fumibako(&[
            "sample",
            "--kind",
            kinds,
            "--people",
            PEOPLE,
            "--sender",
            from.0,
            "--sender-type",
            from.1,
            "--receiver",
            to.0,
            "--receiver-type",
            to.1,
            &self.path(folder),
        ])
        .map(|_| ())
    }

    /// Sends a folder, collects it as the other office, compares. Returns how many files went.
    fn letters(&self, from: &str, to: &str, folder: &str, arrived: &str) -> Done<usize> {
        self.fumibako(&["send", "--device", &self.path(from), &self.path(folder)])?;
        self.fumibako(&["collect", "--device", &self.path(to), &self.path(arrived)])?;
        let (sent, received) = (files(&self.folder.join(folder))?, files(&self.folder.join(arrived))?);
        if sent.is_empty() || sent != received {
            return Err("受け取った内容が、送ったものと違います。".into());
        }
        Ok(sent.len())
    }

    /// The first column of names in the sample, looked for in every byte the exchange has written.
    fn nothing_readable(&self) -> Done {
        let mut names: Vec<Vec<u8>> = Vec::new();
        for (name, content) in files(&self.folder.join("to-service"))? {
            if name.starts_with("UPHOSOKU") {
                names.extend(content.split(|byte| *byte == b'\n').filter_map(|line| {
                    let name = line.split(|byte| *byte == b',').nth(5)?;
                    let bare: Vec<u8> = name.iter().copied().filter(|byte| *byte != b'"').collect();
                    (bare.len() >= 6).then_some(bare)
                }));
            }
        }
        if names.is_empty() {
            return Err("見本に氏名がなく、調べられませんでした。".into());
        }
        for (file, content) in all_files(&self.folder.join("data"))? {
            for name in &names {
                if content.windows(name.len()).any(|window| window == name.as_slice()) {
                    return Err(format!("{} から利用者の氏名が読めます。", file.display()));
                }
            }
        }
        Ok(())
    }

    fn fumibako(&self, args: &[&str]) -> Done<String> {
        output(&mut self.command(args))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.program);
        command.args(args).env("FUMIBAKO_CONFIG", self.folder.join("fumibako.toml"));
        command
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

fn files(folder: &Path) -> Done<BTreeMap<String, Vec<u8>>> {
    let found = all_files(folder)?;
    Ok(found
        .into_iter()
        .filter_map(|(path, content)| Some((path.file_name()?.to_str()?.to_owned(), content)))
        .collect())
}

fn all_files(folder: &Path) -> Done<Vec<(PathBuf, Vec<u8>)>> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(all_files(&path)?);
        } else {
            let content = fs::read(&path).map_err(failed)?;
            found.push((path, content));
        }
    }
    Ok(found)
}
