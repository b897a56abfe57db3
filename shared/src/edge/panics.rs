//! Panics, kept to the request that has one.
//!
//! In wasm a panic is a trap: nothing unwinds, and the task that was polled is never polled again, so
//! its request would get no answer at all. What wasm-bindgen and worker-build do then is to close the
//! instance and make a new one for whatever comes next, which loses every other request that is under
//! way: they too get no answer.
//!
//! So a handler runs in a task of its own, and the request waits in another. The panic's hook, which
//! still runs before the trap, wakes that one, and it answers. The instance stays open: its memory is
//! as it was, but for what the handler had begun to change. Once no request is left in it, the next
//! one gets a new instance; those whose clients have hung up may put that off for a minute. A trap that is no handler's panic, such as a stack overflow, still
//! closes the instance at once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsValue, handler};
use worker::js_sys::{Reflect, global};
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Date, console_error};

use crate::error::{ApiError, ErrorCode};

/// How long a request may be under way: longer than any deadline. Nobody tells of a request whose
/// client has hung up; the runtime just never goes on with it.
const LONGEST_MS: u64 = 65_000;

// wasm-bindgen's glue marks an instance as closed, when it catches a trap, by a word of the memory
// whose place the module exports, and from then on lets no call in or out. The runtime tells of the
// trap by an event, before anything else runs: then the mark is taken away again.
#[wasm_bindgen(inline_js = r#"
let open = () => {};
addEventListener("error", () => { open(); open = () => {}; });
export function keep_open(exports, memory) {
  const place = exports.__instance_terminated.value / 4;
  open = () => { new Uint32Array(memory.buffer)[place] = 0; };
}
"#)]
extern "C" {
    fn keep_open(exports: &JsValue, memory: &JsValue);
}

/// What is known of the handler of one request.
#[derive(Default)]
struct Task {
    panicked: Cell<bool>,
    waiting: RefCell<Option<Waker>>,
}

/// What is known of the instance.
#[derive(Default)]
struct Instance {
    has_hooks: Cell<bool>,
    /// When each request that is under way began, by its number.
    under_way: RefCell<BTreeMap<u64, u64>>,
    entered: Cell<u64>,
    /// Whose handler is being polled.
    polled: RefCell<Option<Rc<Task>>>,
    /// Whether the trap that comes next is a panic's whose request has been told.
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
pub(super) async fn contain<T: 'static>(
    handler: impl Future<Output = Result<T, ApiError>> + 'static,
) -> Result<T, ApiError> {
    let number = INSTANCE.with(Instance::enter);
    let task = Rc::new(Task::default());
    let outcome = Rc::new(Cell::new(None));
    spawn_local({
        let (task, outcome) = (Rc::clone(&task), Rc::clone(&outcome));
        async move {
            let mut handler = pin!(handler);
            let done = poll_fn(|context| {
                let polled = |now| INSTANCE.with(|instance| instance.polled.replace(now));
                polled(Some(Rc::clone(&task)));
                let progress = handler.as_mut().poll(context);
                polled(None);
                progress
            });
            outcome.set(Some(done.await));
            task.wake();
        }
    });
    let answer = poll_fn(|context| {
        if task.panicked.get() {
            let error = ApiError::with_detail(ErrorCode::Internal, "the handler panicked");
            return Poll::Ready(Err(error));
        }
        match outcome.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                task.waiting.replace(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    });
    let answer = answer.await;
    INSTANCE.with(|instance| instance.leave(number));
    answer
}

impl Task {
    fn wake(&self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
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
        if let Some(task) = self.polled.take() {
            self.has_panicked.set(true);
            self.told.set(true);
            keep_open(&wasm_bindgen::exports(), &wasm_bindgen::memory());
            task.panicked.set(true);
            task.wake();
        }
    }

    /// Called by wasm-bindgen's glue, which has just marked the instance as closed.
    fn trapped(&self) {
        if !self.told.take() {
            handler::schedule_reinit();
        }
    }
}

/// Tells worker-build's shim whether the next request gets a new instance. The shim says so itself
/// when it hears of a trap, which is before the request that panicked comes to leave.
fn renew(needed: bool) {
    if let Ok(state) = Reflect::get(&global(), &"__worker_init_state".into()) {
        let _ = Reflect::set(&state, &"criticalError".into(), &JsValue::from_bool(needed));
    }
}
