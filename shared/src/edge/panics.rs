//! Panics, kept to the request that has one.
//!
//! In wasm a panic is a trap: nothing unwinds. What wasm-bindgen and worker-build do then is to close
//! the instance and make a new one for whatever comes next, which loses every other request that is
//! under way: they would get no answer at all.
//!
//! But a trap ends only the calls up to the nearest JavaScript, where it is an exception. So a handler
//! is polled through a few lines of JavaScript that catch it, and the request, on the other side of
//! them, goes on and answers. Two things are put right there: the stack pointer, which a trap leaves
//! where it was, so that each panic would cost a part of the stack until there is none, and the mark
//! that the instance is closed. The rest of its memory is as it was, but for what the handler had begun to
//! change and what it held. Once no request is left in it, the next one gets a new instance; those whose
//! clients have hung up may put that off for a minute. A trap that is no handler's panic, such as a
//! stack overflow, still closes the instance at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::panic;
use std::task::Poll;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsValue, handler};
use worker::js_sys::{Reflect, global};
use worker::{Date, console_error};

use crate::error::{ApiError, ErrorCode};

/// How long a request may be under way: longer than any deadline. Nobody tells of a request whose
/// client has hung up; the runtime just never goes on with it.
const LONGEST_MS: u64 = 65_000;

// wasm-bindgen's glue, which is between the trap and this, has marked the instance as closed by a word
// of the memory whose place the module exports; with the mark it lets no call in or out. Only the
// trap's stack goes to the log: it quotes nothing.
#[wasm_bindgen(inline_js = r#"
let instance, memory, panicked = false;
export function begin(exports, itsMemory) { instance = exports; memory = itsMemory; panicked = false; }
export function tell() { panicked = true; }
export function survives(poll) {
  const stack = instance.__stack_pointer.value;
  try {
    poll();
    return true;
  } catch (trap) {
    if (!panicked) throw trap;
    panicked = false;
    instance.__stack_pointer.value = stack;
    new Uint32Array(memory.buffer)[instance.__instance_terminated.value / 4] = 0;
    console.error(trap.stack);
    return false;
  }
}
"#)]
extern "C" {
    /// Tells of a new instance, whose module the build has export its stack pointer.
    fn begin(exports: &JsValue, memory: &JsValue);
    /// Tells that the trap that comes next is a panic's.
    fn tell();
    /// Calls, and returns whether that has come to an end of its own.
    fn survives(poll: &mut dyn FnMut()) -> bool;
}

/// What is known of the instance.
#[derive(Default)]
struct Instance {
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
    static INSTANCE: Instance = Instance::default();
}

/// Runs a handler to its end, or to its panic.
///
/// # Errors
/// Its own, and `internal` when it panicked.
pub(super) async fn contain<T>(
    handler: impl Future<Output = Result<T, ApiError>>,
) -> Result<T, ApiError> {
    let number = INSTANCE.with(Instance::enter);
    // One that panicked is never dropped: nobody knows which of its parts still are there.
    let mut handler = ManuallyDrop::new(Box::pin(handler));
    let answer = poll_fn(|context| {
        let mut progress = Poll::Pending;
        let polling = |now| INSTANCE.with(|instance| instance.polling.set(now));
        polling(true);
        let survived = survives(&mut || progress = handler.as_mut().poll(context));
        polling(false);
        if survived {
            progress.map(Some)
        } else {
            Poll::Ready(None)
        }
    })
    .await;
    INSTANCE.with(|instance| instance.leave(number));
    match answer {
        Some(answer) => {
            drop(ManuallyDrop::into_inner(handler));
            answer
        }
        None => Err(ApiError::with_detail(
            ErrorCode::Internal,
            "the handler panicked",
        )),
    }
}

impl Instance {
    fn enter(&self) -> u64 {
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
        let now = Date::now().as_millis();
        self.under_way.borrow_mut().insert(number, now);
        number
    }

    fn leave(&self, number: u64) {
        let began_after = Date::now().as_millis().saturating_sub(LONGEST_MS);
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

/// Tells worker-build's shim whether the next request gets a new instance.
fn renew(needed: bool) {
    if let Ok(state) = Reflect::get(&global(), &"__worker_init_state".into()) {
        let _ = Reflect::set(&state, &"criticalError".into(), &JsValue::from_bool(needed));
    }
}
