//! What a killed run has left ends, and nothing else does.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::Checkout;
use rustix::fs::{FlockOperation, fcntl_lock};

/// A process that stays, of the run whose state folder that is.
struct Started(Child);

impl Started {
    fn by(state: &std::path::Path) -> Self {
        let mut sleep = Command::new("sleep");
        Self(sleep.arg("60").env("XTASK_STATE", state).spawn().unwrap())
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A guard whose run is still there.
fn guard(checkout: &Checkout) -> Child {
    let mut guard = checkout.xtask();
    guard.arg("guard").arg(checkout.state());
    guard.stdin(Stdio::piped()).spawn().unwrap()
}

/// The run has gone.
fn let_go(mut guard: Child) {
    drop(guard.stdin.take());
    assert!(guard.wait().unwrap().success());
}

#[test]
fn a_guard_ends_what_its_run_has_left_when_that_has_gone_and_nothing_else() {
    let (checkout, other) = (Checkout::new(), Checkout::new());
    let mut ours = Started::by(&checkout.state());
    let mut others = Started::by(&other.state());
    let guard = guard(&checkout);
    std::thread::sleep(Duration::from_millis(300));
    assert!(!ours.has_ended());
    let_go(guard);
    assert!(ours.has_ended());
    assert!(!others.has_ended());
}

#[test]
fn a_guard_leaves_the_next_run_alone() {
    let checkout = Checkout::new();
    let next = File::create(checkout.state().join("supervisor")).unwrap();
    fcntl_lock(&next, FlockOperation::LockExclusive).unwrap();
    let mut its = Started::by(&checkout.state());
    let_go(guard(&checkout));
    assert!(!its.has_ended());
}

#[test]
fn what_no_guard_has_ended_stop_ends() {
    let checkout = Checkout::new();
    let mut left = Started::by(&checkout.state());
    assert!(checkout.said(&["stop"]).contains("ended 1 processes"));
    assert!(left.has_ended());
    assert!(checkout.said(&["stop"]).contains("nothing is running"));
}

#[test]
fn an_id_with_a_new_owner_ends_nobody() {
    let (checkout, other) = (Checkout::new(), Checkout::new());
    let mut owner = Started::by(&other.state());
    // As a run leaves its files behind: no process holds them any more.
    let id = owner.0.id().to_string();
    std::fs::write(checkout.state().join("supervisor"), &id).unwrap();
    std::fs::create_dir_all(checkout.state().join("data")).unwrap();
    std::fs::write(checkout.state().join("data/postmaster.pid"), &id).unwrap();
    assert!(checkout.said(&["stop"]).contains("nothing is running"));
    assert!(!owner.has_ended());
}

#[test]
fn a_second_run_is_refused_and_names_the_first() {
    let checkout = Checkout::new();
    let first = File::create(checkout.state().join("supervisor")).unwrap();
    fcntl_lock(&first, FlockOperation::LockExclusive).unwrap();
    let running = format!("running already (process {})", std::process::id());
    let said = checkout.said(&["dev"]);
    assert!(said.contains(&running), "{said}");
    assert!(
        checkout
            .said(&["dev", "--detach"])
            .contains("is running already")
    );
}
