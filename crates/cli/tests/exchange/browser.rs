//! A browser on a device: keeps cookies, fills in forms as they stand on the page, follows nothing by itself.

use crate::answer::Answer;
use crate::device::{Device, builder};
use http::Method;
use reqwest::Client;
use std::collections::BTreeMap;
use std::sync::Mutex;

pub(crate) struct Browser {
    http: Client,
    pub(crate) url: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    pub(crate) fn on(device: &Device) -> Self {
        Self { http: device.client(), url: device.url.clone(), cookies: Mutex::default() }
    }

    /// One of somebody without a certificate, at a door that asks for none.
    pub(crate) fn without_certificate(authority: &str, url: &str) -> Self {
        let builder = builder(authority).http1_only().redirect(reqwest::redirect::Policy::none());
        Self { http: builder.build().unwrap(), url: url.to_owned(), cookies: Mutex::default() }
    }

    /// The same cookies on another device: what a thief of the cookie has.
    pub(crate) fn moved_to(&self, device: &Device) -> Self {
        let cookies = self.cookies.lock().unwrap().clone();
        Self { http: device.client(), url: device.url.clone(), cookies: Mutex::new(cookies) }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn forget(&self, name: &str) {
        self.cookies.lock().unwrap().remove(name);
    }

    /// A request with the cookies and what a browser says of itself.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let cookies = self.cookies.lock().unwrap();
        let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.http.request(method, format!("{}{path}", self.url)).header("accept", "text/html");
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = Answer::read(request.send().await.unwrap()).await;
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            for flag in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
                assert!(set.contains(flag), "{set}");
            }
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            assert!(name.starts_with("__Host-") && !set.contains("Domain"), "{set}");
            match value {
                "" => self.forget(name),
                value => self.set_cookie(name, value),
            }
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Posts fields as a page of ours would, with nothing added.
    pub(crate) async fn post(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, action);
        self.send(request.header("origin", &self.url).header("sec-fetch-site", "same-origin").form(fields)).await
    }

    /// Opens a page and sends its form `action`, with what is hidden in it.
    pub(crate) async fn fill(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let text = self.get(page).await.done().text();
        let hidden = hidden_fields(&text, action);
        let mut all: Vec<_> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.retain(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        all.extend_from_slice(fields);
        self.post(action, &all).await
    }
}

/// What is hidden in the form of a page that leads to `action`.
pub(crate) fn hidden_fields(page: &str, action: &str) -> Vec<(String, String)> {
    let form = page.split("<form").find(|form| form.contains(&format!("action=\"{action}\"")));
    let form = form.unwrap_or_else(|| panic!("no form for {action} in {page}")).split("</form>").next().unwrap();
    let hidden = form.split("<input").filter(|input| input.contains("type=\"hidden\""));
    let attribute = |input: &str, name: &str| {
        let start = format!("{name}=\"");
        input.split(&start).nth(1).map(|rest| unescaped(rest.split('"').next().unwrap()))
    };
    hidden.map(|input| (attribute(input, "name").unwrap(), attribute(input, "value").unwrap_or_default())).collect()
}

pub(crate) fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

/// The text of the first element with this class.
pub(crate) fn in_class(page: &str, class: &str) -> String {
    let start = format!("class=\"{class}\">");
    page.split(&start).nth(1).unwrap_or_else(|| panic!("no {class} in {page}")).split('<').next().unwrap().to_owned()
}
