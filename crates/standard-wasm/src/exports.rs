//! What the module exports. A page asks for room, writes its request there, lets it be checked and reads the answer.
//!
//! There is no unsafe block: memory is only ever reached through the two buffers. The attribute alone counts as unsafe, as
//! two exports of one name would clash.
#![allow(unsafe_code, reason = "naming an export counts as unsafe; there is no unsafe block")]

use standard::Profile;
use std::cell::RefCell;

thread_local! {
    static REQUEST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Room for a request of so many bytes; where it begins.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn request(length: usize) -> *mut u8 {
    REQUEST.with_borrow_mut(|request| {
        *request = vec![0; length];
        request.as_mut_ptr()
    })
}

/// Checks what was written there: as received if `import` is not 0. 0: the answer is the JSON; 1: it is a reason.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn check(import: u32) -> u32 {
    let profile = if import == 0 { Profile::Export } else { Profile::Import };
    answered(|request| crate::check(request, profile))
}

/// Looks over what was written there. 0: the answer is the JSON; 1: it is a reason.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn look_over() -> u32 {
    answered(crate::look_over)
}

/// Proposes to put right what was written there. 0: the answer is the JSON; 1: it is a reason.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn mend() -> u32 {
    answered(crate::mend)
}

fn answered(of: impl FnOnce(&[u8]) -> Result<String, crate::Refused>) -> u32 {
    let request = REQUEST.with_borrow_mut(std::mem::take);
    let (code, text) = match of(&request) {
        Ok(json) => (0, json),
        Err(reason) => (1, reason),
    };
    ANSWER.with_borrow_mut(|answer| *answer = text.into_bytes());
    code
}

/// Where the answer begins.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn answer() -> *const u8 {
    ANSWER.with_borrow(|answer| answer.as_ptr())
}

/// How many bytes it has.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn answer_length() -> usize {
    ANSWER.with_borrow(Vec::len)
}

/// Forgets it: files are about people.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn forget() {
    REQUEST.with_borrow_mut(|request| *request = Vec::new());
    ANSWER.with_borrow_mut(|answer| *answer = Vec::new());
}
