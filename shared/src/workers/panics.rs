//! Panics: what the log hears of them, and when an instance that has had one is renewed.
//!
//! A panic is kept to the request that has it (see [`task`](super::task)). The rest of the instance's
//! memory is as it was, but for what the handler had begun to change and what it held. Once no request is
//! left in it, the next one gets a new instance; those whose clients have hung up may put that off for a
//! minute. A trap that is no handler's panic, such as a stack overflow, still closes the instance at once.
//!
//! What the gateway has passed on is not counted: the other function answers that whatever becomes of this
//! instance. Should that function fail just then, the client has the runtime's own 500.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic;

use wasm_bindgen::{JsValue, handler};
use worker::console_error;
use worker::js_sys::{Date, Reflect, global};

use crate::workers::task::{begin, tell};

/// How long a request may be under way: longer than any deadline. Nobody tells of a request whose
/// client has hung up; the runtime just never goes on with it.
const LONGEST_MS: u64 = 65_000;

/// What is known of the instance.
#[derive(Default)]
pub(super) struct Instance {
    has_hooks: Cell<bool>,
    /// When each request that is under way began, by its number.
    under_way: RefCell<BTreeMap<u64, u64>>,
    entered: Cell<u64>,
    /// Whether a handler is being polled.
    polling: Cell<bool>,
    /// Whether the trap that comes next is a panic's that will be caught.
    told: Cell<bool>,
    has_panicked: Cell<bool>,
}

thread_local! {
    /// This instance.
    pub(super) static INSTANCE: Instance = Instance::default();
}

impl Instance {
    /// Counts a request in; returns its number.
    pub fn enter(&self) -> u64 {
        if !self.has_hooks.replace(true) {
            // In the place of worker's, which ask for a new instance at once.
            panic::set_hook(Box::new(|info| {
                INSTANCE.with(|instance| instance.panicked(info));
            }));
            handler::set_on_abort(|| INSTANCE.with(Instance::trapped));
            begin(&wasm_bindgen::exports(), &wasm_bindgen::memory());
        }
        let number = self.entered.get().wrapping_add(1);
        self.entered.set(number);
        self.under_way.borrow_mut().insert(number, now());
        number
    }

    /// Polls a handler, whose panics will be caught.
    pub fn watch<T>(&self, poll: impl FnOnce() -> T) -> T {
        self.polling.set(true);
        let progress = poll();
        self.polling.set(false);
        progress
    }

    /// Counts a request out.
    pub fn leave(&self, number: u64) {
        let began_after = now().saturating_sub(LONGEST_MS);
        let mut under_way = self.under_way.borrow_mut();
        under_way.remove(&number);
        while under_way
            .first_entry()
            .is_some_and(|oldest| *oldest.get() < began_after)
        {
            under_way.pop_first();
        }
        if self.has_panicked.get() {
            renew(under_way.is_empty());
        }
    }

    fn panicked(&self, info: &panic::PanicHookInfo<'_>) {
        // Not its message, which may quote what it met.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        console_error!("panicked at {place}");
        renew(true);
        if self.polling.take() {
            self.has_panicked.set(true);
            self.told.set(true);
            tell();
        }
    }

    /// Called by wasm-bindgen's glue, which has just marked the instance as closed.
    fn trapped(&self) {
        if !self.told.take() {
            handler::schedule_reinit();
        }
    }
}

fn now() -> u64 {
    Date::now() as u64
}

/// Tells worker-build's shim whether the next request gets a new instance.
fn renew(needed: bool) {
    if let Ok(state) = Reflect::get(&global(), &"__worker_init_state".into()) {
        let _ = Reflect::set(&state, &"criticalError".into(), &JsValue::from_bool(needed));
    }
}
