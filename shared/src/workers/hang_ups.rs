//! Ends a request when its client hangs up: the runtime never goes on with it, and what it holds would stay in
//! memory for good.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use futures_util::future::{AbortHandle, abortable};
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen::prelude::Closure;
use worker::web_sys;

use crate::workers::glue;

thread_local! {
    static BEGUN: Cell<u32> = const { Cell::new(0) };
    /// What ends each request that is under way, by its number.
    static UNDER_WAY: RefCell<BTreeMap<u32, AbortHandle>> = RefCell::default();
    /// One for all requests: a closure for each would cost more than all else that is done here.
    static LISTENER: Closure<dyn Fn(u32)> = Closure::new(|number| {
        let handle = UNDER_WAY.with(|under_way| under_way.borrow().get(&number).cloned());
        if let Some(handle) = handle {
            handle.abort();
        }
    });
}

/// The result of the work. `None` if the client hung up first; then the work is dropped.
pub(super) async fn unless_hung_up<T>(
    client: Option<&web_sys::Request>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let (work, handle) = abortable(work);
    let number = BEGUN.get().wrapping_add(1);
    BEGUN.set(number);
    UNDER_WAY.with(|under_way| under_way.borrow_mut().insert(number, handle));
    LISTENER.with(|listener| {
        glue::on_hang_up(client, listener.as_ref().unchecked_ref(), number);
    });
    let outcome = work.await;
    UNDER_WAY.with(|under_way| under_way.borrow_mut().remove(&number));
    outcome.ok()
}
