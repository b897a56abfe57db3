//! Runs the work of a request.
//!
//! Work is polled at once, and then whenever something that it waits for has come, from a promise of its
//! own request: the runtime lets no request use what belongs to another. wasm-bindgen's own executor has
//! one queue for all of them, and closures and promises for each thing waited for; here one closure
//! polls all of it.
//!
//! It is polled through a few lines of JavaScript because in wasm a panic is a trap: nothing
//! unwinds. What wasm-bindgen and worker-build do then is to close the instance and make a new one for
//! whatever comes next, which loses every other request that is under way: they would get no answer
//! at all. But a trap ends only the calls up to the nearest JavaScript, where it is an exception. So
//! those lines catch it, and the request goes on and answers. Two things are put right there: the stack
//! pointer, which a trap leaves where it was, so that each panic would cost a part of the stack until
//! there is none, and the mark that the instance is closed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use worker::js_sys::Promise;

use crate::error::{ApiError, ErrorCode};
use crate::workers::panics::{INSTANCE, Instance};

// wasm-bindgen's glue, which is between the trap and this, has marked the instance as closed by a word
// of the memory whose place the module exports; with the mark it lets no call in or out. Only the
// trap's stack goes to the log: it quotes nothing.
#[wasm_bindgen(inline_js = r#"
let instance, memory, current, panicked = false;

export function begin(exports, itsMemory) { instance = exports; memory = itsMemory; panicked = false; }
export function tell() { panicked = true; }

// `poll` hears what has come, and returns nothing as long as it waits for more. 0 is the beginning, -1 a panic.
export function run(poll) {
  return new Promise((resolve, reject) => {
    const step = (number, failed, value) => {
      current = step;
      const stack = instance.__stack_pointer.value;
      try {
        const end = poll(number, failed, value);
        if (end !== undefined) resolve(end);
      } catch (trap) {
        if (!panicked) return reject(trap);
        panicked = false;
        instance.__stack_pointer.value = stack;
        new Uint32Array(memory.buffer)[instance.__instance_terminated.value / 4] = 0;
        console.error(trap.stack);
        step(-1, true);
      }
    };
    step(0, false);
  });
}

export function settle(promise, number) {
  const step = current;
  promise.then((value) => step(number, false, value), (error) => step(number, true, error));
}

export function start(milliseconds, number) {
  const step = current;
  return setTimeout(() => step(number, false), milliseconds);
}

export function stop(timer) { clearTimeout(timer); }
"#)]
extern "C" {
    /// Tells of a new instance, whose module the build has export its stack pointer.
    pub(super) fn begin(exports: &JsValue, memory: &JsValue);
    /// Tells that the trap that comes next is a panic's.
    pub(super) fn tell();
    /// Polls to the end; gives a promise of that.
    #[wasm_bindgen(js_name = run)]
    fn poll_to_the_end(poll: JsValue) -> Promise;
    /// Polls what is being polled when the promise is settled.
    fn settle(promise: &Promise, number: i32);
    /// Polls what is being polled when the time is over.
    fn start(milliseconds: f64, number: i32) -> JsValue;
    /// Forgets about it.
    fn stop(timer: &JsValue);
}

const PANIC: i32 = -1;

/// What has come and has not been looked at, by the number under which it was awaited.
#[derive(Default)]
struct Arrivals {
    awaited: Cell<i32>,
    here: RefCell<BTreeMap<i32, Result<JsValue, JsValue>>>,
}

impl Arrivals {
    /// Those of the work that is being polled.
    fn current() -> Rc<Self> {
        CURRENT.with(|current| Rc::clone(&current.borrow()))
    }

    fn next_number(&self) -> i32 {
        let number = self.awaited.get().saturating_add(1);
        self.awaited.set(number);
        number
    }

    fn take(&self, number: i32) -> Poll<Result<JsValue, JsValue>> {
        let arrived = self.here.borrow_mut().remove(&number);
        arrived.map_or(Poll::Pending, Poll::Ready)
    }
}

thread_local! {
    static CURRENT: RefCell<Rc<Arrivals>> = RefCell::default();
}

/// Runs work to its end, or to its panic, which is an `internal` error; gives a promise of what `end`
/// makes of that.
pub(super) fn run<T: 'static>(
    work: impl Future<Output = Result<T, ApiError>> + 'static,
    end: impl FnOnce(Result<T, ApiError>) -> Result<JsValue, JsValue> + 'static,
) -> Promise {
    let request = INSTANCE.with(Instance::enter);
    let arrivals = Rc::new(Arrivals::default());
    let mut work = Some(Box::pin(work));
    let mut end = Some(end);
    let poll = move |number: i32, failed: bool, value: JsValue| {
        let Some(running) = &mut work else {
            return Ok(JsValue::UNDEFINED);
        };
        let answer = if number == PANIC {
            // Never dropped: nobody knows which of its parts still are there.
            mem::forget(work.take());
            let detail = "the handler panicked";
            Err(ApiError::with_detail(ErrorCode::Internal, detail))
        } else {
            let arrived = if failed { Err(value) } else { Ok(value) };
            arrivals.here.borrow_mut().insert(number, arrived);
            CURRENT.with(|current| current.replace(Rc::clone(&arrivals)));
            match INSTANCE.with(|instance| instance.watch(|| poll_once(running.as_mut()))) {
                Poll::Pending => return Ok(JsValue::UNDEFINED),
                Poll::Ready(answer) => answer,
            }
        };
        work = None;
        INSTANCE.with(|instance| instance.leave(request));
        end.take().map_or(Ok(JsValue::UNDEFINED), |end| end(answer))
    };
    // The runtime's garbage collector frees it, also when the client has hung up and nobody ever
    // polls again.
    let poll = Closure::<dyn FnMut(i32, bool, JsValue) -> Result<JsValue, JsValue>>::new(poll);
    poll_to_the_end(poll.into_js_value())
}

/// Whatever comes polls the whole work, so nothing in it has to wake anybody.
fn poll_once<F: Future>(work: Pin<&mut F>) -> Poll<F::Output> {
    work.poll(&mut Context::from_waker(Waker::noop()))
}

/// What a promise comes to, awaited in work that [`run`] polls, and begun there.
///
/// # Errors
/// What it is rejected with.
pub(super) fn settled(promise: &Promise) -> impl Future<Output = Result<JsValue, JsValue>> {
    let arrivals = Arrivals::current();
    let number = arrivals.next_number();
    settle(promise, number);
    std::future::poll_fn(move |_| arrivals.take(number))
}

/// A pause, whose timer starts with its first poll and ends with it.
pub(super) struct Pause {
    milliseconds: u64,
    timer: Option<(JsValue, i32, Rc<Arrivals>)>,
}

impl Pause {
    pub fn new(milliseconds: u64) -> Self {
        Pause {
            milliseconds,
            timer: None,
        }
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let milliseconds = self.milliseconds;
        let (_, number, arrivals) = self.timer.get_or_insert_with(|| {
            let arrivals = Arrivals::current();
            let number = arrivals.next_number();
            (start(milliseconds as f64, number), number, arrivals)
        });
        arrivals.take(*number).map(|_| ())
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        if let Some((timer, ..)) = &self.timer {
            stop(timer);
        }
    }
}
