//! What the exchange answered, and what every answer must have.

use http::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Self { status, headers, body: response.bytes().await.unwrap().to_vec() };
        answer.assert_guarded();
        answer
    }

    /// R5.9: on every answer, refusals and downloads included.
    fn assert_guarded(&self) {
        let header = |name: &str| self.headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert!(header("strict-transport-security").starts_with("max-age="), "{self:?}");
        assert_eq!(header("cache-control"), "no-store", "{self:?}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{self:?}");
        assert_eq!(header("referrer-policy"), "same-origin", "{self:?}");
        assert_eq!(header("x-frame-options"), "DENY", "{self:?}");
        assert!(header("content-security-policy").starts_with("default-src 'none'"), "{self:?}");
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Sent on, after a form or before a right: where to.
    pub(crate) fn sent_on(&self) -> String {
        assert_eq!(self.status, 303, "{}", String::from_utf8_lossy(&self.body));
        self.headers["location"].to_str().unwrap().to_owned()
    }

    /// A form that came back, with this said above it.
    pub(crate) fn faulty(&self, said: &str) {
        assert_eq!(self.status, 422, "{}", String::from_utf8_lossy(&self.body));
        let text = self.text();
        assert!(text.contains("<title>入力の誤りがあります"), "{text}");
        assert!(text.contains(said), "{text}");
    }

    /// A problem as a page for people.
    pub(crate) fn problem_page(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.headers["content-type"], "text/html; charset=utf-8");
        assert!(self.text().contains(&format!("この画面の番号: {code}")), "{}", self.text());
    }

    pub(crate) fn done(self) -> Self {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// A problem by RFC 9457, with its status, its code and words for the person at the desk.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.headers["content-type"].to_str().unwrap()), (status, "application/problem+json"));
        let problem = self.json();
        assert_problem(&problem, status, code);
        problem
    }

    /// The answers for the sets of a call.
    pub(crate) fn sets(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()["sets"].as_array().unwrap().clone()
    }

    /// The only set of a call, accepted: its transmission id.
    pub(crate) fn accepted(&self) -> String {
        self.outcome("accepted")
    }

    /// The only set of a call, accepted before: its transmission id.
    pub(crate) fn already(&self) -> String {
        self.outcome("already")
    }

    fn outcome(&self, outcome: &str) -> String {
        let sets = self.sets();
        assert_eq!(sets.len(), 1, "{sets:?}");
        assert_eq!(sets[0]["outcome"], outcome, "{}", self.json());
        sets[0]["transmission"]["id"].as_str().unwrap().to_owned()
    }

    /// The only set of a call, refused with this code; the codes of the findings given as reason.
    pub(crate) fn refused(&self, code: &str) -> Vec<String> {
        let sets = self.sets();
        assert_eq!(sets.len(), 1, "{sets:?}");
        refused(&sets[0], code)
    }

    /// The only file of a call, which belongs to no set; the codes of the findings given as reason.
    pub(crate) fn stray(&self, code: &str) -> Vec<String> {
        let answer = self.json();
        assert_eq!((self.status, answer["sets"].as_array().map(Vec::len)), (200, Some(0)), "{answer}");
        let strays = answer["strays"].as_array().unwrap();
        assert_eq!(strays.len(), 1, "{answer}");
        assert_problem(&strays[0]["problem"], 422, code);
        findings(&strays[0]["problem"])
    }
}

/// One set's answer: refused with this code, and no trace of a transmission.
pub(crate) fn refused(set: &Value, code: &str) -> Vec<String> {
    assert_eq!(set["outcome"], "refused", "{set}");
    assert!(set["transmission"].is_null(), "{set}");
    let status = match code {
        "X01" | "X02" => 403,
        "X10" => 409,
        _ => 422,
    };
    assert_problem(&set["problem"], status, code);
    findings(&set["problem"])
}

fn findings(problem: &Value) -> Vec<String> {
    let findings = problem["findings"].as_array().cloned().unwrap_or_default();
    for finding in &findings {
        assert_japanese(&finding["what"]);
        assert_japanese(&finding["fix"]);
    }
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

fn assert_problem(problem: &Value, status: u16, code: &str) {
    assert_eq!((&problem["code"], &problem["status"]), (&Value::from(code), &Value::from(status)), "{problem}");
    assert_eq!(problem["type"], format!("urn:fumibako:problem:{code}"));
    assert_japanese(&problem["what"]);
    assert_japanese(&problem["fix"]);
    assert_eq!(problem["title"], problem["what"]);
}

/// A sentence that a clerk can read.
fn assert_japanese(text: &Value) {
    let text = text.as_str().unwrap_or_default();
    assert!(is_japanese(text), "not a Japanese sentence: {text:?}");
}

pub(crate) fn is_japanese(text: &str) -> bool {
    text.contains(|character| ('ぁ'..='ん').contains(&character)) && text.contains('。')
}
