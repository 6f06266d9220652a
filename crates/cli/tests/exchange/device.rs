//! An enrolled device of an office, and what it does.

use crate::answer::Answer;
use crate::server::Server;
use crate::world::{Exchange, World};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use reqwest::multipart::{Form, Part};
use reqwest::{Certificate, Client, Identity, RequestBuilder, tls};
use serde_json::{Value, json};
use standard::sample::SampleFile;
use std::fs;
use std::path::Path;
use web::EnrolAnswer;

pub(crate) struct Device {
    pub(crate) number: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) authority: String,
    pub(crate) url: String,
    /// What its program proves itself with.
    pub(crate) token: Option<String>,
    http: Client,
}

/// A fresh key and a request that names nobody.
pub(crate) fn certificate_request() -> (KeyPair, String) {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    (key, request)
}

/// Knocks at the door for enrolment.
pub(crate) async fn enrol(exchange: &Exchange, server: &Server, code: &str, request: &str) -> Answer {
    let body = json!({ "code": code, "certificate_request": request });
    let http = builder(exchange.authority()).build().unwrap();
    Answer::read(http.post(format!("{}/enrol", server.enrolment_url)).json(&body).send().await.unwrap()).await
}

pub(crate) fn builder(authority: &str) -> reqwest::ClientBuilder {
    Client::builder()
        .https_only(true)
        .tls_version_min(tls::Version::TLS_1_3)
        .tls_certs_only([Certificate::from_pem(authority.as_bytes()).unwrap()])
}

impl Device {
    pub(crate) async fn enrolled(exchange: &Exchange, server: &Server, code: &str) -> Self {
        let (key, request) = certificate_request();
        let answer = enrol(exchange, server, code, &request).await.done();
        let answer: EnrolAnswer = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.exchange_url, server.exchange_url);
        let device =
            Self::of(answer.office_number, answer.certificate, key.serialize_pem(), exchange.authority(), server);
        Self { token: answer.software_token, ..device }
    }

    /// One of the operator's own.
    pub(crate) async fn of_operator(world: &World) -> Self {
        let store = world.exchange.operator().await;
        let number = store.operator().await.unwrap().register.number.to_string();
        let label = world.exchange.fresh_number();
        let code = world.exchange.code_with(&store, &number, &label, None).await;
        store.close().await;
        Self::enrolled(&world.exchange, &world.server, &code).await
    }

    pub(crate) fn of(number: String, certificate: String, key: String, authority: &str, server: &Server) -> Self {
        let identity = Identity::from_pem(format!("{key}{certificate}").as_bytes()).unwrap();
        let http = builder(authority).identity(identity).build().unwrap();
        Self {
            number,
            certificate,
            key,
            authority: authority.to_owned(),
            url: server.exchange_url.clone(),
            token: None,
            http,
        }
    }

    /// The same device after the server came back on another port.
    pub(crate) fn meets(&self, server: &Server) -> Self {
        let device = Self::of(self.number.clone(), self.certificate.clone(), self.key.clone(), &self.authority, server);
        Self { token: self.token.clone(), ..device }
    }

    /// Another program with the same certificate: connections of its own, HTTP/1.1.
    pub(crate) fn second_client(&self) -> Self {
        let identity = Identity::from_pem(format!("{}{}", self.key, self.certificate).as_bytes()).unwrap();
        let http = builder(&self.authority).identity(identity).http1_only().build().unwrap();
        Self {
            number: self.number.clone(),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            authority: self.authority.clone(),
            url: self.url.clone(),
            token: self.token.clone(),
            http,
        }
    }

    /// A client of its own, as a browser has: HTTP/1.1, and it shows where it is sent instead of going there.
    pub(crate) fn client(&self) -> Client {
        let identity = Identity::from_pem(format!("{}{}", self.key, self.certificate).as_bytes()).unwrap();
        let builder = builder(&self.authority).identity(identity).http1_only();
        builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
    }

    /// The folder that `fumibako device enrol` makes.
    pub(crate) fn write_folder(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join("key.pem"), &self.key).unwrap();
        fs::write(folder.join("certificate.pem"), &self.certificate).unwrap();
        fs::write(folder.join("authority.pem"), &self.authority).unwrap();
        let card =
            format!("exchange_url = {:?}\noffice_number = {:?}\noffice_name = \"架空\"\n", self.url, self.number);
        fs::write(folder.join("device.toml"), card).unwrap();
        if let Some(token) = &self.token {
            fs::write(folder.join("software.token"), token).unwrap();
        }
    }

    pub(crate) fn request(&self, method: http::Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(http::Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        Answer::read(self.request(http::Method::POST, path).send().await.unwrap()).await
    }

    pub(crate) async fn sends(&self, files: &[SampleFile]) -> Answer {
        self.try_sends(files).await.unwrap()
    }

    /// As [`Self::sends`], but the server may die underneath.
    pub(crate) async fn try_sends(&self, files: &[SampleFile]) -> reqwest::Result<Answer> {
        let response = self.request(http::Method::POST, "/api/v1/transmissions").multipart(form(files)).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// As [`Self::acknowledges`], but the server may die underneath; the status it answered with.
    pub(crate) async fn try_acknowledges(&self, id: &str) -> reqwest::Result<u16> {
        let path = format!("/api/v1/transmissions/{id}/acknowledge");
        let response = self.request(http::Method::POST, &path).send().await?;
        let status = response.status().as_u16();
        response.bytes().await?;
        Ok(status)
    }

    pub(crate) async fn describes(&self, id: &str) -> Answer {
        self.get(&format!("/api/v1/transmissions/{id}")).await
    }

    pub(crate) async fn fetches(&self, id: &str) -> Answer {
        self.get(&format!("/api/v1/transmissions/{id}/zip")).await
    }

    pub(crate) async fn fetches_file(&self, id: &str, name: &str) -> Answer {
        self.get(&format!("/api/v1/transmissions/{id}/files/{name}")).await
    }

    pub(crate) async fn acknowledges(&self, id: &str) -> Answer {
        self.post(&format!("/api/v1/transmissions/{id}/acknowledge")).await
    }

    pub(crate) async fn withdraws(&self, id: &str) -> Answer {
        self.post(&format!("/api/v1/transmissions/{id}/withdraw")).await
    }

    pub(crate) async fn state(&self, id: &str) -> String {
        self.describes(id).await.done().json()["state"].as_str().unwrap().to_owned()
    }

    /// Everything in `received` or `sent`, page by page.
    pub(crate) async fn items(&self, folder: &str, rows: usize) -> Vec<Value> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/api/v1/{folder}?limit={rows}{after}")).await.done().json();
            let rows = page["items"].as_array().unwrap().clone();
            items.extend(rows);
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return items,
            }
        }
    }

    pub(crate) async fn list(&self, folder: &str) -> String {
        format!("{} {folder}: {}\n", self.number, Value::from(self.items(folder, 500).await))
    }
}

pub(crate) fn form(files: &[SampleFile]) -> Form {
    files
        .iter()
        .fold(Form::new(), |form, file| form.part("file", Part::bytes(file.bytes.clone()).file_name(file.name.clone())))
}

/// The files of a zip archive, in the order of the archive.
pub(crate) fn unzip(archive: &[u8]) -> Vec<SampleFile> {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            SampleFile { name: file.name().to_owned(), bytes }
        })
        .collect()
}

/// Same names, same bytes, whatever the order.
pub(crate) fn assert_same(one: &[SampleFile], two: &[SampleFile]) {
    let sorted = |files: &[SampleFile]| {
        let mut files: Vec<_> = files.iter().map(|file| (file.name.clone(), file.bytes.clone())).collect();
        files.sort();
        files
    };
    assert!(sorted(one) == sorted(two), "other names or other bytes");
}

/// A device stands for its office's number where sets are made.
impl AsRef<str> for Device {
    fn as_ref(&self) -> &str {
        &self.number
    }
}
